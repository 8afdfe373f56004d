"""Centres that post batches to a door at once, each over and over until it is answered."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec

from schemas.envelope import StoredFact
from services.backbone.event_store import EventStore
from services.ingest.runtime import verify_store
from tests.support.events import batch, event
from tests.support.ingest import Served, post

ORGS = ("350203000000", "350205000000", "350206000000", "350211000000")
BATCH_EVENTS = 20
WAIT_S = 60.0
PAUSE_S = 0.02


class Senders:
    """All of them; begin them with ``start``, await them with ``join``."""

    def __init__(self, served: Served, batches_each: int) -> None:
        self._changed = threading.Condition()
        self._answered = 0
        self.statuses: Counter[int] = Counter()
        """HTTP statuses so far; 0 is no answer at all."""
        self.answers: list[tuple[dict[str, Any], dict[str, Any]]] = []
        """Every event that was answered, with its answer."""
        self._threads = [
            threading.Thread(target=self._send, args=(served, org, batches_each), name=org)
            for org in ORGS
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until everything is answered."""
        for thread in self._threads:
            thread.join(WAIT_S)
            assert not thread.is_alive(), f"never answered; so far {self.statuses}"

    def wait(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds, looking after each answer."""
        with self._changed:
            assert self._changed.wait_for(holds, WAIT_S), f"so far {self.statuses}"

    def wait_answered(self, more: int) -> None:
        """Wait until so many more batches are answered."""
        until = self._answered + more
        self.wait(lambda: self._answered >= until)

    def _send(self, served: Served, org: str, batches_each: int) -> None:
        waiting = deque(_batches(org, batches_each))
        with served.client(org) as client:
            while waiting:
                if self._took(client, waiting[0]):
                    waiting.popleft()
                else:
                    threading.Event().wait(PAUSE_S)

    def _took(self, client: httpx.Client, events: list[dict[str, Any]]) -> bool:
        try:
            response = post(client, batch(events))
        except httpx.TransportError:
            self._note(0, ())
            return False
        if response.status_code not in (200, 429, 503, 507):
            raise AssertionError(response.text)
        taken = response.status_code == 200
        told = response.json()["results"] if taken else ()
        self._note(response.status_code, list(zip(events, told, strict=True)) if taken else ())
        return taken

    def _note(self, status: int, answers: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        with self._changed:
            self.statuses[status] += 1
            self.answers += answers
            self._answered += status == 200
            self._changed.notify_all()


def _batches(org: str, count: int) -> list[list[dict[str, Any]]]:
    """Admissions with names to seal; the last one of each batch comes twice."""
    batches = []
    for n in range(count):
        numbers = range(n * BATCH_EVENTS, (n + 1) * BATCH_EVENTS)
        events = [
            event(
                "person.admitted",
                f"{number}",
                org=org,
                subject=f"R{org[:6]}{number % 97:03d}",
                sequence=number,
                data={"name": f"甲{number}"},
            )
            for number in numbers
        ]
        batches.append([*events, events[-1]])
    return batches


def assert_kept(store: EventStore, senders: Senders) -> None:
    """Everything that was answered stands once where it was said, and nothing else stands."""
    facts = [
        (row.position, msgspec.json.decode(row.stored, type=StoredFact))
        for part in store.rows("main")
        for row in part
    ]
    assert verify_store(store, lambda _: None) == []
    assert [position for position, _ in facts] == list(range(1, len(facts) + 1))
    at = {(fact.source, fact.id): position for position, fact in facts}
    assert len(at) == len(facts), "an event stands twice"
    accepted: Counter[tuple[str, str]] = Counter()
    for sent, answer in senders.answers:
        key = (sent["source"], sent["id"])
        assert answer["status"] in ("accepted", "duplicate")
        assert at[key] == answer["position"]
        accepted[key] += answer["status"] == "accepted"
    assert set(accepted) == set(at)
    assert set(accepted.values()) <= {0, 1}
    moments = [fact.received_at for _, fact in facts]
    assert moments == sorted(moments)
    assert {gaps.missing for gaps in store.gaps()} == {()}
