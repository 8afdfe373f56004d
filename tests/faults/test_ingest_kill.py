"""kill -9 of the ingest process at random under load: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter, deque
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from schemas.envelope import StoredFact
from services.backbone.sqlite_store import SQLiteEventStore
from services.ingest.runtime import verify_store
from services.ingest.verification import Finding
from tests.support.events import batch, event
from tests.support.server import Server

ORGS = ("350203000000", "350205000000", "350206000000", "350211000000", "350212000000",
        "350213000000")  # fmt: skip
BATCH_EVENTS = 25
WAIT_S = 60


class Centre(threading.Thread):
    """Sends batches of one organisation until all are answered, over and over where need be."""

    def __init__(self, load: Load, org: str, batches: list[list[dict[str, Any]]]) -> None:
        super().__init__(name=org, daemon=True)
        self._load = load
        self._waiting = deque(batches)
        self.answers: list[tuple[dict[str, Any], dict[str, Any]]] = []
        """Every event that was answered, with its answer."""
        self.broken_off = 0
        self._headers = {
            "authorization": f"Bearer {load.server.token(org, 'centre')}",
            "content-type": "application/cloudevents-batch+json",
        }

    def run(self) -> None:
        """Send; a batch without an answer is sent again once the server is back."""
        client = httpx.Client(base_url=self._load.server.url, timeout=WAIT_S, trust_env=False)
        with client:
            while self._waiting:
                self._load.up.wait(WAIT_S)
                events = self._waiting[0]
                try:
                    response = client.post(
                        "/v1/events", content=batch(events), headers=self._headers
                    )
                except httpx.TransportError:
                    self.broken_off += 1
                    continue
                if response.status_code == 429:
                    continue
                response.raise_for_status()
                results = response.json()["results"]
                self.answers += zip(events, results, strict=True)
                self._waiting.popleft()
                self._load.answered()


class Load:
    """A server that is killed while centres send to it."""

    def __init__(self, data: Path, seed: int, batches_each: int) -> None:
        self.made = random.Random(seed)
        self.server = Server(data, command="ingest")
        self.up = threading.Event()
        self._changed = threading.Condition()
        self._answered = 0
        self.centres = [Centre(self, org, _batches(self.made, org, batches_each)) for org in ORGS]

    def answered(self) -> None:
        """One more batch has its answer."""
        with self._changed:
            self._answered += 1
            self._changed.notify_all()

    def run(self, kills: int) -> None:
        """Kill it so often, evenly over the load, and let the load come to its end."""
        total = sum(len(centre._waiting) for centre in self.centres)
        self._start()
        for centre in self.centres:
            centre.start()
        for kill in range(1, kills + 1):
            self._wait_answered(total * kill // (kills + 1))
            self._wait_written(self.made.randrange(120_000))
            self.up.clear()
            self.server.kill()
            self._start()
        for centre in self.centres:
            centre.join(WAIT_S)
            assert not centre.is_alive(), "a centre was never answered"
        self.server.stop()
        assert sum(centre.broken_off for centre in self.centres) >= kills

    def _start(self) -> None:
        self.server.start()
        self.up.set()

    def _wait_answered(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._answered >= count, WAIT_S)

    def _wait_written(self, size: int) -> None:
        """Wait until so much more is written, or three more batches are answered."""
        journal = self.server.data / "events.sqlite-wal"
        end = (os.stat(journal).st_size if journal.exists() else 0) + size
        enough = self._answered + 3
        while self._answered < enough and any(c.is_alive() for c in self.centres):
            if journal.exists() and os.stat(journal).st_size >= end:
                return


def _batches(made: random.Random, org: str, count: int) -> list[list[dict[str, Any]]]:
    """A centre's events with late, duplicate, corrected and malformed ones among them."""
    batches: list[list[dict[str, Any]]] = []
    number = 0
    sent: list[dict[str, Any]] = []
    for _ in range(count):
        events = []
        for _ in range(BATCH_EVENTS):
            number += 1
            one = event(
                made.choice(["person.admitted", "person.moved", "person.released"]),
                f"{number}",
                org=org,
                subject=f"R{org[:6]}{made.randrange(40):03d}",
                time=f"2026-11-{made.randrange(1, 22):02d}T10:00:00+08:00",
                data={"actor": f"{made.randrange(10**6):06d}"},
                sequence=number,
            )
            match made.random():
                case roll if roll < 0.03 and sent:
                    one = made.choice(sent)
                case roll if roll < 0.05:
                    one["data"]["shoe_size"] = 43
                case roll if roll < 0.08 and sent:
                    earlier = made.choice(sent)
                    subject = earlier["data"]["person_no"]
                    one["data"]["person_no"] = subject
                    one["corrects"] = earlier["id"]
            events.append(one)
            sent.append(one)
        batches.append(events)
    return batches


def _facts(store: SQLiteEventStore) -> list[tuple[int, StoredFact]]:
    return [
        (row.position, msgspec.json.decode(row.stored, type=StoredFact))
        for part in store.rows("main")
        for row in part
    ]


def _check(load: Load) -> None:
    """What was answered holds, and what was not answered is whole or not there."""
    store = SQLiteEventStore(load.server.data / "events.sqlite", write=False)
    findings: list[Finding] = verify_store(store, lambda _: None)
    facts = _facts(store)
    kept, _ = store.quarantine("35", ("", ""), 10**6)
    gaps = {g.source: g for g in store.gaps()}
    store.close()

    assert findings == []
    assert [position for position, _ in facts] == list(range(1, len(facts) + 1))
    at = {(fact.source, fact.id): position for position, fact in facts}
    assert len(at) == len(facts), "an event is in the log twice"
    refused = {item.id for item in kept}
    accepted: Counter[tuple[str, str]] = Counter()
    for centre in load.centres:
        for one, answer in centre.answers:
            key = (one["source"], one["id"])
            if answer["status"] == "quarantined":
                assert answer["quarantine_id"] in refused
                assert key not in at or answer["error"]["code"] == "id_conflict"
            else:
                assert at[key] == answer["position"]
                accepted[key] += answer["status"] == "accepted"
    # The answer of the first attempt may have been lost, so an event may be told as a
    # duplicate alone, but never twice as accepted.
    assert set(accepted) == set(at)
    assert set(accepted.values()) <= {0, 1}
    for centre in load.centres:
        numbers = {fact.sequence for _, fact in facts if fact.source == f"/orgs/{centre.name}"}
        gap = gaps[f"/orgs/{centre.name}"]
        missing = {n for first, last in gap.missing for n in range(first, last + 1)}
        assert missing == set(range(gap.lowest, gap.highest + 1)) - numbers


def _check_resent(load: Load) -> None:
    """Whoever sends everything again gets the same answers, and the log stays as it is."""
    with load.server as server:
        for centre in load.centres:
            events = [one for one, _ in centre.answers]
            answer = server.post(server.token(centre.name, "centre"), batch(events))
            for (_, first), again in zip(centre.answers, answer["results"], strict=True):
                known = first["status"] != "quarantined"
                assert again["status"] == ("duplicate" if known else "quarantined")
                assert again.get("position") == first.get("position")


def _killed(data: Path, seed: int, batches_each: int, kills: int) -> None:
    load = Load(data, seed, batches_each)
    try:
        load.run(kills)
        _check(load)
        _check_resent(load)
    finally:
        load.server.stop()


@pytest.mark.parametrize("seed", [20261123])
def test_kills_lose_nothing(tmp_path: Path, seed: int) -> None:
    """Everything answered is durable and there once; resending completes the rest."""
    _killed(tmp_path / "data", seed, batches_each=40, kills=5)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_fifty_kills_lose_nothing(tmp_path: Path, seed: int) -> None:
    """Ten kills each from five seeds, over a longer load."""
    _killed(tmp_path / "data", seed, batches_each=400, kills=10)
