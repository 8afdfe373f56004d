"""Made-up histories for the read side: all elements, all levels, disorder, outages, an import."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from schemas.envelope import LogRecord
from services.backbone.log import Entry
from tests.support.records import Recorder

START = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)
ORGS = (
    "350000000000", "350100000000", "350200000000",
    "350102000000", "350203000000", "350206000000",
    "350203500000", "350203510000", "350206500000", "350102500000", "350200500000",
)  # fmt: skip
"""Of every level, own units of the province, of cities and of a city's department included."""
SENDERS = ("350102000000", "350203000000", "350206000000", "350200000000")
SILENT = "350206000000"
COUNTY, STATION = "350203000000", "350203500000"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

_CASE: Sequence[tuple[float, float, str, dict[str, Any]]] = [
    # minutes after noon when it happened, when it was received, what
    (-60, -60, "room.status_changed", {"room_id": "P1", "occupancy": 0}),
    (0, 0, "incident.received", {"jq_no": "J1"}),
    (5, 6, "incident.disposed", {"jq_no": "J1", "case_no": "A1", "persons_brought": ["R1"]}),
    (10, 11, "case.accepted", {"case_no": "A1", "decision": "open", "jq_no": "J1"}),
    (12, 12.5, "person.admitted",
     {"person_no": "R1", "case_no": "A1", "name": "张三", "id_number": "350203199001011234"}),
    (20, 21, "person.moved", {"person_no": "R1", "to_kind": "interview"}),
    (20, 22, "person.interviewed",
     {"person_no": "R1", "kind": "question", "room_id": "P1",
      "start": "2026-11-22T12:20:00Z"}),
    (21, 23, "room.status_changed", {"room_id": "P1", "occupancy": 1, "guard": True}),
    (14, 40, "person.searched", {"person_no": "R1"}),
    (50, 51, "property.seized", {"item_no": "W1", "case_no": "A1", "owner": "李四"}),
    (55, 56, "person.released", {"person_no": "R1"}),
    (90, 91, "room.status_changed", {"room_id": "P1", "occupancy": 0}),
    (95, 96, "case.accepted", {"case_no": "A2", "decision": "open", "jq_no": "J2"}),
    (96, 97, "person.admitted", {"person_no": "R2", "case_no": "A2"}),
    (97, 98, "dossier.compiled", {"dossier_no": "D1", "case_no": "A1", "missing": ["笔录"]}),
]  # fmt: skip

_record = msgspec.json.Decoder(LogRecord)


def record_in(entry: Entry) -> LogRecord:
    """The record of an entry."""
    return _record.decode(entry.body)


def in_parts(entries: Sequence[Entry], size: int) -> Iterator[Sequence[Entry]]:
    """The entries a few at a time."""
    for start in range(0, len(entries), size):
        yield entries[start : start + size]


def made_up(seed: int, *, hours: float = 60, facts: int = 900) -> list[Entry]:
    """A random history: late and corrected facts, a county and a whole province silent for hours.

    An import with a past of its own stands in a load node.
    """
    made = random.Random(seed)
    recorder = Recorder()
    entries = list(_import(made, recorder))
    now, end = START, START + timedelta(hours=hours)
    silence = START + timedelta(hours=hours / 2), START + timedelta(hours=hours / 2 + 3)
    sent: dict[str, list[str]] = {}
    for n in range(facts):
        now += timedelta(seconds=made.expovariate(facts / (end - START).total_seconds()))
        if silence[0] < now < silence[1]:
            now = silence[1] + timedelta(microseconds=made.randrange(1_000_000))
        type_, data = _fact(made)
        quiet = now < START + timedelta(hours=hours / 3)
        sender = made.choice([s for s in SENDERS if not (quiet and s == SILENT)])
        delay = made.choice((0.2, 3, 90, 90, 4000, 40_000))
        mine = sent.setdefault(f"{sender} {type_} {sorted(data.items())[0]}", [])
        corrects = made.choice(mine) if mine and made.random() < 0.2 else None
        mine.append(f"f{n}")
        entries.append(
            recorder.record(
                type_,
                data | ({"org": made.choice(ORGS)} if made.random() < 0.5 else {}),
                id_=f"f{n}",
                sender=sender,
                occurred_at=now - timedelta(seconds=delay),
                recorded_at=now - timedelta(seconds=min(delay, made.choice((0.2, 400)))),
                received_at=now,
                corrects=corrects,
                missing=made.randrange(3),
            )
        )
    return entries


def _import(made: random.Random, recorder: Recorder) -> Iterator[Entry]:
    now = START - timedelta(days=4)
    for n in range(60):
        now += timedelta(minutes=made.randrange(120))
        status = made.choice(("person.admitted", "person.searched", "person.released"))
        yield recorder.record(
            status,
            {"person_no": f"I{made.randrange(12)}", "org": made.choice(ORGS)},
            id_=f"i{n}",
            sender="350100000000",
            occurred_at=now - timedelta(minutes=5),
            received_at=now,
            node="load-1",
        )


def _fact(made: random.Random) -> tuple[str, dict[str, Any]]:
    one = made.randrange(9)
    facts: list[tuple[str, dict[str, Any]]] = [
        ("incident.received", {"jq_no": f"J{one}"}),
        ("incident.dispatched", {"jq_no": f"J{one}"}),
        ("incident.disposed", {"jq_no": f"J{one}", "case_no": f"A{one}"}),
        ("incident.verified",
         {"jq_no": f"J{one}", "verdict": made.choice(["passed", "failed"])}),
        ("person.admitted", {"person_no": f"R{one}", "case_no": f"A{one}"}),
        ("person.searched", {"person_no": f"R{one}"}),
        ("person.moved",
         {"person_no": f"R{one}", "to_kind": "waiting", "to_room": f"P{one % 4}"}),
        ("person.checked", {"person_no": f"R{one}", "risk_level": "高"}),
        ("person.released", {"person_no": f"R{one}"}),
        ("property.seized", {"item_no": f"W{one}", "case_no": f"A{one}"}),
        ("property.stored", {"item_no": f"W{one}"}),
        ("property.disposed", {"item_no": f"W{one}", "action": "返还"}),
        ("case.accepted", {"case_no": f"A{one}", "decision": "open", "jq_no": f"J{one}"}),
        ("case.decided", {"case_no": f"A{one}", "decision": "拘留"}),
        ("case.transferred", {"case_no": f"A{one}", "result": "closed"}),
        ("room.status_changed", {"room_id": f"P{one % 4}", "occupancy": one % 3}),
        ("recording.status_changed",
         {"room_id": f"P{one % 4}", "channel": f"{one % 2}",
          "state": made.choice(["recording", "gap", "offline"])}),
        ("dossier.compiled", {"dossier_no": f"D{one}", "case_no": f"A{one}", "missing": []}),
        ("dossier.moved", {"dossier_no": f"D{one}", "action": "archive"}),
    ]  # fmt: skip
    return made.choice(facts)


def one_case() -> list[Entry]:
    """A case from the call to the dossier, with a late fact, and another beside it."""
    recorder = Recorder()
    return [
        recorder.record(
            type_,
            data | {"org": STATION},
            id_=f"f{n}",
            sender=COUNTY,
            occurred_at=NOON + timedelta(minutes=happened),
            received_at=NOON + timedelta(minutes=received),
        )
        for n, (happened, received, type_, data) in enumerate(sorted(_CASE, key=lambda s: s[1]))
    ]
