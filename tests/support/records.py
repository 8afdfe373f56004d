"""Log records for tests and benchmarks: facts folded as the event store folds them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from schemas.classes import CLASSES, references_of
from schemas.envelope import StoredFact, log_body, source_of, stream_name
from schemas.things import Thing, Word, apply, fact_id, word_of
from services.backbone.log import Entry

START = datetime(2026, 11, 16, tzinfo=UTC)

_encoder = msgspec.json.Encoder()


class Recorder:
    """Turns facts into log entries, in the order in which they are given.

    Streams run on across nodes, positions count up within each node.
    """

    def __init__(self) -> None:
        self._things: dict[str, Thing] = {}
        self._words: dict[str, list[Word]] = {}
        self._heads: dict[str, str] = {}
        self.positions: dict[str, int] = {}

    def record(
        self,
        type_: str,
        data: dict[str, Any],
        *,
        id_: str,
        sender: str,
        occurred_at: datetime,
        received_at: datetime,
        node: str = "main",
        recorded_at: datetime | None = None,
        corrects: str | None = None,
        sequence: int | None = None,
        missing: int = 0,
        extensions: dict[str, Any] | None = None,
    ) -> Entry:
        """The log entry of one more fact."""
        row = CLASSES[type_]
        fact = msgspec.convert(data, row.struct)
        subject, source = data[row.subject], source_of(sender)
        name = stream_name(row.element, subject)
        thing = self._things.setdefault(name, Thing(row.element, subject))
        words = self._words.setdefault(name, [])
        word = word_of(
            row,
            fact,
            fact_id=fact_id(source, id_),
            occurred_at=occurred_at,
            version=thing.version + 1,
        )
        change = apply(
            thing,
            word,
            sender=sender,
            corrects=corrects and fact_id(source, corrects),
            history=lambda: list(words),
        )
        words.append(word)
        stored = StoredFact(
            stream=name,
            version=thing.version,
            id=id_,
            source=source,
            type=type_,
            element=row.element,
            subject=subject,
            org=thing.org,
            sender=sender,
            occurred_at=occurred_at,
            recorded_at=recorded_at or received_at,
            received_at=received_at,
            changes=[change],
            state=thing.fields(),
            refs=references_of(row, fact),
            data=msgspec.Raw(_encoder.encode(fact)),
            prev=self._heads.get(name, ""),
            sequence=sequence,
            missing=missing,
            corrects=corrects,
            extensions=extensions,
        )
        encoded = _encoder.encode(stored)
        self._heads[name] = sha256(encoded).hexdigest()
        position = self.positions.get(node, 0) + 1
        self.positions[node] = position
        return Entry(node, position, log_body(node, position, encoded))


def province(
    seed: int,
    *,
    start: datetime = START,
    per_day: int = 90_000,
    centres: int = 92,
    at_once: int = 400,
) -> Iterator[Entry]:
    """Endless made-up life of a province, about 1.2 kB a record: all six elements.

    ``at_once`` is how many cases live beside one another.
    """
    made = random.Random(seed)
    recorder = Recorder()
    orgs = [f"35{1 + n % 9:02d}{2 + n // 9:02d}" for n in range(centres)]
    lives: list[list[tuple[str, dict[str, Any], str]]] = []
    now, count = start, 0
    while True:
        if len(lives) < at_once:
            lives.append(_life(made, orgs, count))
        life = made.choice(lives)
        type_, data, sender = life.pop()
        if not life:
            lives.remove(life)
        now += timedelta(seconds=made.expovariate(per_day / 86_400))
        count += 1
        yield recorder.record(
            type_,
            data,
            id_=f"{sender[:6]}-{count:010d}",
            sender=sender,
            occurred_at=now - timedelta(seconds=made.expovariate(1 / 600)),
            received_at=now,
            sequence=count,
        )


def _life(made: random.Random, orgs: list[str], n: int) -> list[tuple[str, dict[str, Any], str]]:
    """The facts of one case and all that belongs to it, last first."""
    area = made.choice(orgs)
    sender, org = f"{area}000000", f"{area}{made.randrange(50, 58)}0000"
    jq, case, person = f"JQ{area}{n:09d}", f"A{area}{n:09d}", f"R{area}{n:09d}"
    item, dossier, room = f"W{area}{n:09d}", f"J{area}{n:09d}", f"{area}-询{made.randrange(6)}"
    who = {"org": org, "actor": f"{made.randrange(10**6):06d}", "evidence": [f"bwc://{n:x}/1"]}
    text = "在辖区某小区门口发生纠纷, 双方已被劝离, 现场有执法记录仪全程录音录像" * 2
    facts: list[tuple[str, dict[str, Any]]] = [
        ("incident.received", {"jq_no": jq, "channel": "110", "category": "纠纷", "place": text,
                               "caller": "密" * 40, "caller_phone": "密" * 40, "urgent": False,
                               "audio_ref": f"audio://{n:032x}"}),
        ("incident.dispatched", {"jq_no": jq, "officers": ["035001", "035002"]}),
        ("incident.disposed", {"jq_no": jq, "result_code": "02", "case_no": case,
                               "persons_brought": [person]}),
        ("case.accepted", {"case_no": case, "decision": "accept", "type": "administrative",
                           "case_reason": "殴打他人", "jq_no": jq, "basis": text}),
        ("person.admitted", {"person_no": person, "case_no": case, "jq_no": jq,
                             "name": "密" * 60, "id_number": "密" * 60, "phone": "密" * 60,
                             "sex": "男", "age_band": "30-39", "arrival_mode": "传唤",
                             "admitted_at": "2026-11-16T08:00:00+08:00", "limit_h": 24.0,
                             "case_reason": "殴打他人", "risk_level": "一般"}),
        ("person.searched", {"person_no": person, "examiner_sex": "男", "drink": False,
                             "illness": text}),
        ("person.sampled", {"person_no": person, "items": ["指纹", "DNA", "人像"]}),
        ("room.status_changed", {"room_id": room, "zone": "办案区", "kind": "询问室", "name": room,
                                 "occupancy": made.randrange(3), "capacity": 2, "guard": True}),
        ("person.moved", {"person_no": person, "to_kind": "waiting", "to_room": room}),
        ("property.seized", {"item_no": item, "case_no": case, "person_no": person,
                             "name": "手机", "category": "电子设备", "quantity": 1.0}),
        ("person.interviewed", {"person_no": person, "kind": "question", "case_no": case,
                                "room_id": room, "start": "2026-11-16T09:00:00+08:00"}),
        ("property.stored", {"item_no": item, "store": "一号库", "slot": f"{n % 999}"}),
        ("recording.status_changed", {"room_id": room, "channel": "1", "state": "recording"}),
        ("case.documented", {"case_no": case, "doc_type": f"doc{n % 7}", "no": f"{n}"}),
        ("dossier.compiled", {"dossier_no": dossier, "case_no": case, "kind": "行政",
                              "docs": [text], "missing": [], "pages": 40}),
        ("person.released", {"person_no": person, "destination": "送拘留所"}),
        ("case.decided", {"case_no": case, "decision": "拘留5日", "person_no": person}),
        ("dossier.moved", {"dossier_no": dossier, "action": "store", "cabinet": "A-3"}),
        ("property.disposed", {"item_no": item, "action": "返还"}),
        ("incident.verified", {"jq_no": jq, "verdict": "passed"}),
        ("case.transferred", {"case_no": case, "result": "closed"}),
        ("dossier.moved", {"dossier_no": dossier, "action": "archive"}),
    ]  # fmt: skip
    return [(type_, data | who, sender) for type_, data in reversed(facts)]
