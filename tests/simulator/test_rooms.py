"""Rooms: occupancy, guards, controllers and cameras."""

from __future__ import annotations

from schemas import organisations
from schemas.classes import CLASSES
from schemas.facts.places import RecordingStatusChanged, RoomStatusChanged
from services.simulator.bookings import Visit
from services.simulator.province import build
from services.simulator.rooms import Ledger, RoomDay, inventory, room_day, standing
from services.simulator.times import HOUR, MINUTE, aware, day_of, midnight
from tests.simulator.conftest import START

CENTRE = build(organisations.load(), 7, 1)[0]
DAY = day_of(START)
NOON = midnight(DAY) + 12 * HOUR
WAITING = CENTRE.rooms["waiting_men"][0]
Said = RoomStatusChanged | RecordingStatusChanged
INTERVIEW = CENTRE.rooms["interrogation"][0]


def facts(
    life: RoomDay, only: str | None = None
) -> list[RoomStatusChanged | RecordingStatusChanged]:
    """What the steps say, in their order, of one room or of all."""
    said = []
    for step in life.taken_until(life.steps[0].sent):
        fact = step.wording(life, aware, *step.details)
        if isinstance(fact, Said):
            said.append(fact)
    return [f for f in said if only is None or f.room_id == only]


def status(fact: Said) -> str | None:
    """The status that a fact speaks for."""
    row = next(r for r in CLASSES.values() if r.struct is type(fact))
    return row.moves(fact)


def test_a_room_fills_and_empties() -> None:
    """One visitor after another, back to none."""
    visits = [Visit(WAITING, NOON + n * MINUTE, NOON + HOUR + n * MINUTE) for n in range(7)]
    life = room_day(7, CENTRE, DAY, Ledger(), visits)
    levels = [f.occupancy for f in facts(life, WAITING.id) if isinstance(f, RoomStatusChanged)]

    assert max(n or 0 for n in levels) == 7
    assert levels[-1] == 0


def test_too_many_in_a_room_are_a_crowd() -> None:
    """Past its capacity."""
    ledger = Ledger()
    ledger.inside[WAITING.id] = WAITING.capacity
    assert status(standing(CENTRE, ledger, WAITING)) == "occupied"

    ledger.inside[WAITING.id] += 1
    assert status(standing(CENTRE, ledger, WAITING)) == "crowded"


def test_a_missing_guard_is_seen_where_somebody_is_inside() -> None:
    """An empty room needs none."""
    ledger = Ledger()
    ledger.unguarded.add(WAITING.id)
    assert status(standing(CENTRE, ledger, WAITING)) == "idle"

    ledger.inside[WAITING.id] = 1
    assert status(standing(CENTRE, ledger, WAITING)) == "unguarded"


def test_a_talk_is_recorded_from_its_start_to_its_end() -> None:
    """The camera of that room, and in the end it stands by."""
    visit = Visit(INTERVIEW, NOON, NOON + HOUR, True)
    life = room_day(7, CENTRE, DAY, Ledger(), [visit])
    states = [f.state for f in facts(life, INTERVIEW.id) if isinstance(f, RecordingStatusChanged)]

    assert "recording" in states
    assert states[-1] == "standby"


def test_gaps_and_faults_are_mended() -> None:
    """Each says from when to when there was no recording."""
    visits = [Visit(r, NOON, NOON + HOUR, True) for r in CENTRE.rooms["interrogation"]]
    said = [
        fact
        for day in range(DAY, DAY + 60)
        for fact in facts(room_day(7, CENTRE, day, Ledger(), visits))
        if isinstance(fact, RecordingStatusChanged)
    ]
    broken = [f for f in said if f.state in ("gap", "fault")]
    mended = [f for f in said if f.gap_from and f.gap_to]

    assert {f.state for f in broken} == {"gap", "fault"}
    assert len(mended) == len(broken)
    assert all(f.gap_from < f.gap_to for f in mended if f.gap_from and f.gap_to)


def test_every_room_is_listed_whole() -> None:
    """A list shows the newest fact alone, so each says all."""
    said = facts(inventory(7, CENTRE, Ledger(), NOON))

    assert [f.room_id for f in said] == [room.id for room in CENTRE.all_rooms]
    assert all(isinstance(f, RoomStatusChanged) and f.zone and f.kind and f.name for f in said)
