"""kill -9 of the ingest process while it reads from Kafka: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.envelope import StoredFact
from services.backbone.sqlite_store import SQLiteEventStore
from services.ingest.receipts import Place
from services.ingest.runtime import verify_store
from tests.support.centres import Centres
from tests.support.events import batch, event
from tests.support.kafka import Kafka
from tests.support.server import Server

ORGS = ("350203000000", "350205000000", "350206000000")
EVENTS_EACH = 4


class Load:
    """Messages of three centres on a topic, and the server that reads them."""

    def __init__(self, centres: Centres, data: Path, seed: int, messages: int) -> None:
        self.made = random.Random(seed)
        self.centres = centres
        environment = {f"YIPING_{name.upper()}": v for name, v in centres.settings.items()}
        self.server = Server(data, command="ingest", environment=environment)
        self.killed_with: list[int] = []
        """How many messages were still without a receipt at each kill."""
        self.sent: dict[Place, list[dict[str, Any]]] = {}
        for org in ORGS:
            parts = list(_messages(self.made, org, messages // len(ORGS)))
            places = centres.publish_all(
                [(batch(part), org.encode(), None) for part in parts],
                self.server.token(org, "centre"),
            )
            self.sent |= dict(zip(places, parts, strict=True))

    def run(self, kills: int) -> None:
        """Kill the server so often at random, then let it answer everything."""
        for _ in range(kills):
            self.server.start()
            self._wait()
            self.server.kill()
            self.killed_with.append(self.left())
            self.check_committed()
        with self.server:
            self.centres.hear(lambda: not self.left(), 120)

    def _wait(self) -> None:
        """Until a little more was written, or until a few more receipts were heard."""
        journal = self.server.data / "events.sqlite-wal"
        size = os.stat(journal).st_size if journal.exists() else 0
        grown = size + self.made.randrange(400_000)
        told = len(self.centres.heard)
        wanted = self.made.choice([1, 1, 800, 1_500])

        def far_enough() -> bool:
            written = journal.exists() and os.stat(journal).st_size > grown
            heard = len(self.centres.heard) - told
            return (wanted == 1 and written) or heard >= wanted or not self.left()

        self.centres.hear(far_enough)

    def left(self) -> int:
        """How many messages have no receipt yet."""
        return len(self.sent) - len(self.centres.answered)

    def check_committed(self) -> None:
        """Whatever the group has committed is durable and answered."""
        committed = self.centres.committed()
        with closing(self.store()) as store:
            there = set(self.standing(store)) | self.refused(store)
        done = {p for p in self.sent if p.offset < committed.get(p.partition, 0)}
        for place in done:
            assert {(one["source"], one["id"]) for one in self.sent[place]} <= there
        self.centres.hear(lambda: done <= self.centres.answered)

    def store(self) -> SQLiteEventStore:
        """The event store, while nobody writes."""
        return SQLiteEventStore(self.server.data / "events.sqlite", write=False)

    def standing(self, store: SQLiteEventStore) -> dict[tuple[str, str], int]:
        """By (source, id), the position of every event in the log."""
        facts = [
            (row.position, msgspec.json.decode(row.stored, type=StoredFact))
            for part in store.rows(self.centres.node)
            for row in part
        ]
        found = {(fact.source, fact.id): position for position, fact in facts}
        assert len(found) == len(facts), "an event is in the log twice"
        return found

    def refused(self, store: SQLiteEventStore) -> set[tuple[str, str]]:
        """(source, id) of every event in quarantine."""
        kept, _ = store.quarantine("35", ("", ""), 10**6)
        return {(f"/orgs/{item.org}", str(item.event_id)) for item in kept}


def _messages(made: random.Random, org: str, count: int) -> Iterator[list[dict[str, Any]]]:
    """A centre's messages with repeated and malformed events among them."""
    sent: list[dict[str, Any]] = []
    for number in range(count):
        events = []
        for n in range(EVENTS_EACH):
            one = event(
                made.choice(["person.admitted", "person.moved", "person.released"]),
                f"{number}-{n}",
                org=org,
                subject=f"R{org[:6]}{made.randrange(40):03d}",
                time=f"2026-11-{made.randrange(1, 22):02d}T10:00:00+08:00",
            )
            match made.random():
                case roll if roll < 0.04 and sent:
                    one = made.choice(sent)
                case roll if roll < 0.06:
                    one["data"]["shoe_size"] = 43
            events.append(one)
            sent.append(one)
        yield events


def _check(load: Load) -> None:
    """Every event is in the log once, or in quarantine, and was told so."""
    with closing(load.store()) as store:
        assert verify_store(store, lambda _: None) == []
        at, refused = load.standing(store), load.refused(store)
        kept = {item.id for item in store.quarantine("35", ("", ""), 10**6)[0]}
    assert sorted(at.values()) == list(range(1, len(at) + 1))
    assert set(at) | refused == {(e["source"], e["id"]) for es in load.sent.values() for e in es}
    accepted: Counter[tuple[str, str]] = Counter()
    for _, receipt in load.centres.heard:
        events = load.sent[Place(receipt.topic, receipt.partition, receipt.offset)]
        for one, answer in zip(events, receipt.results, strict=True):
            key = (one["source"], one["id"])
            if answer.status == "quarantined":
                assert answer.quarantine_id in kept
            else:
                assert answer.position == at[key]
                accepted[key] += answer.status == "accepted"
    assert set(accepted) == set(at)
    assert set(accepted.values()) <= {0, 1}
    assert load.killed_with[0] > 0
    # Each message was answered, and where its receipt got lost or came twice, it says the same.
    assert load.centres.answered == set(load.sent)


@pytest.mark.parametrize("seed", [20261123])
def test_kills_lose_nothing(kafka: Kafka, names: Iterator[str], tmp_path: Path, seed: int) -> None:
    """Offsets are committed only for what is durable and answered."""
    with Centres(kafka, f"kill-{next(names)}", 3) as centres:
        load = Load(centres, tmp_path / "data", seed, messages=4_500)
        try:
            load.run(kills=4)
            _check(load)
        finally:
            load.server.stop()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
def test_forty_kills_lose_nothing(
    kafka: Kafka, names: Iterator[str], tmp_path: Path, seed: int
) -> None:
    """Ten each from four seeds, over a longer load."""
    with Centres(kafka, f"kills-{next(names)}", 3) as centres:
        load = Load(centres, tmp_path / "data", seed, messages=12_000)
        try:
            load.run(kills=10)
            _check(load)
        finally:
            load.server.stop()
