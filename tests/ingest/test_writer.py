"""The writer: many requests in one commit, each answered after it, none of them twice."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.backbone.errors import StoreFull, StoreUnavailable
from services.backbone.telemetry import Metrics
from services.ingest.application import Answer, Application, Arrival
from services.ingest.errors import QueueFull
from services.ingest.writer import GROUP_EVENTS, Writer
from tests.support.events import NOON, event
from tests.support.faults import full_disk
from tests.support.ingest import MASTER, House, arrival

WAIT_S = 30
HELD = event("case.accepted", "held", subject="held")


class Gate(Application):
    """The real application behind a gate, which counts its commits."""

    def __init__(self, house: House) -> None:
        super().__init__(house.store, house.vault, MASTER, house.clock)
        self.commits: list[int] = []
        self.reached = threading.Semaphore(0)
        self.open = threading.Event()
        self.open.set()

    def record(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        """As the application does, once the gate is open."""
        self.reached.release()
        if not self.open.wait(WAIT_S):
            raise TimeoutError
        self.commits.append(len(arrivals))
        return super().record(arrivals)


class Desk:
    """A writer over a real store."""

    def __init__(
        self, house: House, *, queue_events: int = 100, queue_bytes: int = 10**6, **pace: Any
    ) -> None:
        """``pace``: more of what the writer takes."""
        self.house = house
        self.application = Gate(house)
        self.metrics = Metrics()
        self.woken = 0
        self.writer = Writer(
            self.application,
            self.metrics,
            queue_events=queue_events,
            queue_bytes=queue_bytes,
            appended=self._appended,
            **pace,
        )
        self.writer.start()

    def _appended(self) -> None:
        self.woken += 1

    def submit(self, *events: Any) -> Future[list[Answer]]:
        """Hand over events as the door does."""
        return self.writer.submit([arrival(one, now=self.house.clock()) for one in events])

    def hold(self) -> Future[list[Answer]]:
        """Shut the gate and let the writer run into it with an event of its own."""
        while self.application.reached.acquire(blocking=False):
            pass
        self.application.open.clear()
        held = self.submit(HELD)
        assert self.application.reached.acquire(timeout=WAIT_S)
        return held

    def waiting(self) -> float:
        """The gauge of waiting events."""
        return self.metrics.registry.get_sample_value("yiping_waiting_events") or 0.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A running writer."""
    with House(tmp_path) as house:
        desk = Desk(house)
        yield desk
        desk.application.open.set()
        desk.writer.stop()


def answers(future: Future[list[Answer]]) -> list[tuple[str | None, str]]:
    """Id and status of each answer of a request."""
    return [(answer.id, answer.status) for answer in future.result(WAIT_S)]


def test_an_answer_comes_after_its_commit(desk: Desk) -> None:
    """Whoever reads the store on an answer finds the event there."""
    future = desk.submit(event())
    found: list[str] = []
    looked = threading.Event()

    def look(_answered: Future[list[Answer]]) -> None:
        found.extend(fact.id for fact in desk.house.facts())
        looked.set()

    future.add_done_callback(look)
    assert looked.wait(WAIT_S)

    assert found == ["1"]
    assert answers(future) == [("1", "accepted")]
    assert desk.woken == 1


def test_what_waits_goes_into_one_commit(desk: Desk) -> None:
    """While one commit syncs, the next grows; each request still gets its own answers."""
    held = desk.hold()
    futures = [desk.submit(event(id_=str(n)), event(id_=f"{n}b")) for n in range(10)]
    assert desk.waiting() == 21
    desk.application.open.set()

    assert [answers(f) for f in futures] == [
        [(str(n), "accepted"), (f"{n}b", "accepted")] for n in range(10)
    ]
    assert answers(held) == [("held", "accepted")]
    assert desk.application.commits == [1, 20]


def test_a_group_is_bounded(desk: Desk) -> None:
    """A long queue becomes several commits, so that the first need not wait for the last."""
    desk.hold()
    large = [event(id_=str(n), subject="R1") for n in range(GROUP_EVENTS)]
    futures = [desk.submit(*large), desk.submit(event(id_="last"))]
    desk.application.open.set()
    for future in futures:
        future.result(WAIT_S)

    assert desk.application.commits == [1, GROUP_EVENTS, 1]


def test_requests_of_the_same_events_are_answered_in_turn(desk: Desk) -> None:
    """In one commit as over two, the first is accepted and the other is its duplicate."""
    desk.hold()
    first, second = desk.submit(event()), desk.submit(event())
    desk.application.open.set()

    assert answers(first) + answers(second) == [("1", "accepted"), ("1", "duplicate")]


@pytest.mark.parametrize("bound", ["queue_events", "queue_bytes"])
def test_past_a_bound_nobody_is_let_in(tmp_path: Path, bound: str) -> None:
    """As much as waits is kept; who comes now is asked to come back."""
    with House(tmp_path) as house:
        size = len(arrival(HELD).raw) + 2 * len(arrival(event()).raw)
        desk = Desk(house, **{bound: 4 if bound == "queue_events" else size + 1})
        held = desk.hold()
        futures = [desk.submit(event(id_=str(n))) for n in range(2)]
        desk.writer.check_room()
        futures.append(desk.submit(event(id_="2")))
        with pytest.raises(QueueFull) as caught:
            desk.writer.check_room()
        assert caught.value.retry_after_s == 1

        desk.application.open.set()
        assert [answers(f)[0][1] for f in [held, *futures]] == ["accepted"] * 4
        desk.writer.stop()
        desk.writer.check_room()
        assert desk.waiting() == 0


def test_a_failed_commit_fails_all_that_were_in_it(desk: Desk) -> None:
    """Nobody is told that an event is durable when it is not, and the writer goes on."""
    futures = []
    with full_disk(desk.house.store):
        desk.hold()
        large = {"evidence": ["x" * 400] * 100}
        futures = [desk.submit(event(id_=str(n), data=large)) for n in range(5)]
        desk.application.open.set()
        for future in futures:
            with pytest.raises(StoreFull):
                future.result(WAIT_S)

    assert answers(desk.submit(event(id_="0", data=large))) == [("0", "accepted")]
    assert desk.waiting() == 0


def test_what_one_request_brings_does_not_keep_the_others_out(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Should recording one of them fail for a reason of its own, the others are recorded."""
    desk.hold()
    poison = arrival(event(id_="poison"))
    poison.admitted = "no admission"  # type: ignore[assignment]
    good, bad = desk.submit(event(id_="1")), desk.writer.submit([poison])
    late = desk.submit(event(id_="2"))
    with caplog.at_level(logging.CRITICAL):
        desk.application.open.set()
        with pytest.raises(AttributeError):
            bad.result(WAIT_S)

    assert answers(good) + answers(late) == [("1", "accepted"), ("2", "accepted")]


def test_a_request_that_was_taken_back_is_not_recorded(desk: Desk) -> None:
    """A sender that has gone gets nothing recorded, and ends the writer for nobody."""
    desk.hold()
    gone, stays = desk.submit(event(id_="gone")), desk.submit(event(id_="stays"))
    assert gone.cancel()
    desk.application.open.set()

    assert answers(stays) == [("stays", "accepted")]
    with pytest.raises(CancelledError):
        gone.result(WAIT_S)
    assert [fact.id for fact in desk.house.facts()] == ["held", "stays"]
    assert desk.waiting() == 0


def test_a_request_that_is_being_recorded_is_answered(desk: Desk) -> None:
    """It is too late to take it back."""
    held = desk.hold()

    assert not held.cancel()
    desk.application.open.set()
    assert answers(held) == [("held", "accepted")]


def test_stop_records_what_waits(desk: Desk) -> None:
    """An ordinary end loses nothing; what comes after it is refused, not left waiting."""
    desk.hold()
    futures = [desk.submit(event(id_=str(n))) for n in range(3)]
    stopping = threading.Thread(target=desk.writer.stop)
    stopping.start()
    desk.application.open.set()
    stopping.join()

    assert [answers(f)[0][1] for f in futures] == ["accepted"] * 3
    assert not desk.writer.alive()
    with pytest.raises(StoreUnavailable):
        desk.submit(event(id_="late")).result(WAIT_S)


def test_many_senders_of_the_same_events_record_each_once(tmp_path: Path) -> None:
    """Concurrent posts of the same events: exactly one is accepted, of each."""
    with House(tmp_path) as house:
        desk = Desk(house, queue_events=10**6, queue_bytes=10**9)
        events = [event(id_=str(n), subject=f"R{n % 7}", sequence=n) for n in range(40)]

        def send(turn: int) -> list[tuple[str | None, str]]:
            found = []
            for n in range(len(events)):
                found += answers(desk.submit(events[(n * (2 * turn + 1)) % len(events)]))
            return found

        with ThreadPoolExecutor(8) as senders:
            told = [one for part in senders.map(send, range(8)) for one in part]
        desk.writer.stop()

        accepted = [str(id_) for id_, status in told if status == "accepted"]
        assert sorted(accepted) == sorted(fact.id for fact in house.facts())
        assert len(accepted) == len(set(accepted)) == len({id_ for id_, _ in told})
        assert {status for _, status in told} == {"accepted", "duplicate"}
        assert house.findings() == []


def test_a_watermark_is_never_passed_by_what_comes_later(tmp_path: Path) -> None:
    """While commits run beside it, each fact up to a watermark can be read when it is given."""
    with House(tmp_path) as house:
        desk = Desk(house, queue_events=10**6, queue_bytes=10**9)
        done = threading.Event()
        told: list[tuple[datetime, int]] = []

        def watch() -> None:
            while not done.is_set():
                house.clock.move(microseconds=3)
                moment = desk.writer.watermark()
                told.append((moment, len(house.facts())))

        watcher = threading.Thread(target=watch)
        watcher.start()
        for n in range(150):
            desk.submit(event(id_=str(n), subject=f"R{n % 5}")).result(WAIT_S)
        done.set()
        watcher.join()
        desk.writer.stop()

        moments = [fact.received_at for fact in house.facts()]
        assert told == sorted(told, key=lambda t: t[0])
        for moment, readable in told:
            assert sum(m <= moment for m in moments) <= readable


def test_the_watermark_moves_on_while_nothing_comes(desk: Desk) -> None:
    """Silence is complete up to now."""
    before = desk.writer.watermark()
    desk.house.clock.move(seconds=7)

    assert (desk.writer.watermark() - before).total_seconds() == 7


def test_the_watermark_moves_on_with_commits_of_history(desk: Desk) -> None:
    """A long load keeps the writer busy, and the live log is complete all the same."""
    held = desk.hold()
    desk.house.clock.move(seconds=7)
    desk.application.open.set()
    held.result(WAIT_S)
    desk.application.open.clear()
    busy = desk.submit(event(id_="2"))
    while not desk.writer._recording.locked():
        pass

    assert desk.writer.watermark() >= NOON + timedelta(seconds=7)
    desk.application.open.set()
    busy.result(WAIT_S)


def test_the_watermark_stands_while_a_commit_is_made(desk: Desk) -> None:
    """What is in the air may get any moment from the last commit on."""
    desk.submit(event()).result(WAIT_S)
    before = desk.writer.watermark()
    held = desk.hold()
    desk.house.clock.move(seconds=7)

    assert desk.writer.watermark() == before
    desk.application.open.set()
    held.result(WAIT_S)
    assert desk.writer.watermark() > before
