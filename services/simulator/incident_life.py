"""警: the life of an incident: received → dispatched → on scene → disposed → verified.  Pure."""

from __future__ import annotations

from schemas.facts.incidents import (
    IncidentDispatched,
    IncidentDisposed,
    IncidentReceived,
    IncidentVerified,
)
from services.simulator import made_up, words
from services.simulator.draws import between, pick
from services.simulator.life import Life, Moment
from services.simulator.roots import Root
from services.simulator.times import HOUR, MINUTE, SECOND


class Incident(Life):
    """One incident."""

    __slots__ = ("caller", "channel", "officers", "phone", "place", "result", "root", "urgent")

    root: Root
    channel: str
    place: str
    caller: str
    phone: str
    urgent: bool
    officers: list[str]
    result: str


def incident(seed: int, root: Root) -> Incident:
    """Plan an incident."""
    life = Incident(root.centre, root.unit, seed, "incident", root.name)
    random = life.random
    life.root = root
    life.channel = words.CHANNELS.draw(random)
    life.place = f"{root.centre.name}{pick(random, words.ROADS)}{1 + int(random.random() * 300)}号"
    life.caller, life.phone = made_up.name(random), made_up.phone(random)
    life.urgent = random.random() < 0.12
    life.officers = [pick(random, root.unit.officers), pick(random, root.unit.officers)]
    life.result = words.RESULT_OF_CASE.get(root.kind) or words.RESULTS.draw(random)

    sent = root.received + between(random, 20 * SECOND, 110 * SECOND)
    life.sensed(root.received, _received)
    life.sensed(sent, _dispatched, sent)
    life.sensed(root.on_scene, _dispatched, sent, root.on_scene)
    life.typed(root.disposed, _disposed)
    verified = root.disposed + (
        between(random, 8 * MINUTE, 55 * MINUTE)
        if random.random() < 0.93
        else between(random, 4 * HOUR, 12 * HOUR)
    )
    if random.random() < 0.04:
        life.typed(verified, _verified, False)
        again = verified + between(random, 30 * MINUTE, 100 * MINUTE)
        life.typed(again, _disposed)
        verified = again + between(random, 10 * MINUTE, 50 * MINUTE)
    life.typed(verified, _verified, True, random.random())
    life.planned()
    return life


def _received(life: Incident, at: Moment) -> IncidentReceived:
    root = life.root
    return IncidentReceived(
        org=life.unit.code,
        actor=life.centre.staff[0],
        jq_no=root.jq_no or "",
        channel=life.channel,
        received_at=at(root.received),
        category=root.matter.category,
        place=life.place,
        caller=life.caller,
        caller_phone=life.phone,
        urgent=life.urgent,
        audio_ref=f"audio/{root.jq_no}" if life.channel == "110" else None,
        receipt_no=f"HZ{root.name}" if life.channel == "上门报案" else None,
    )


def _dispatched(
    life: Incident, at: Moment, sent: int, arrived: int | None = None
) -> IncidentDispatched:
    return IncidentDispatched(
        org=life.unit.code,
        jq_no=life.root.jq_no or "",
        officers=life.officers,
        sent_at=at(sent),
        accepted_at=at(sent + 15 * SECOND),
        arrived_at=at(arrived) if arrived else None,
        bwc_ids=[f"BWC-{officer}" for officer in life.officers] if arrived else None,
    )


def _disposed(life: Incident, at: Moment) -> IncidentDisposed:
    root = life.root
    return IncidentDisposed(
        org=life.unit.code,
        actor=life.officers[0],
        jq_no=root.jq_no or "",
        result_code=life.result,
        fed_back_at=at(root.disposed),
        case_no=root.case_no,
        persons_brought=list(root.persons) or None,
        bwc_refs=[f"bwc/{root.jq_no}/1"],
    )


def _verified(life: Incident, at: Moment, passed: bool, chance: float = 0.0) -> IncidentVerified:
    return IncidentVerified(
        org=life.unit.code,
        jq_no=life.root.jq_no or "",
        verdict="passed" if passed else "failed",
        timely=True,
        disposal_right=passed,
        recording_complete=passed or chance < 0.5,
        acceptance_right=True,
        should_have_been_opened=False,
        checker=life.centre.staff[1],
        caller_satisfied=chance < 0.96 if passed else None,
    )
