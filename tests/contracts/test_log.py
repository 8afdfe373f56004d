"""What every log promises to its readers, whatever carries it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from schemas.envelope import LogRecord
from services.backbone.log import Entry, Log
from services.backbone.store_log import StoreLog
from tests.support.events import NOON, event
from tests.support.ingest import House
from tests.support.memory_log import MemoryLog

WAIT_S = 30
STATED = "2026-01-01T00:00:00Z"


class LogContract(ABC):
    """The promises; a subclass brings a log and fills it."""

    @pytest.fixture
    @abstractmethod
    def log(self, tmp_path: Path) -> Iterator[Log]:
        """An empty log."""

    @abstractmethod
    def append(self, log: Log, node: str, count: int) -> None:
        """Put events at the end of a node's log."""

    def read_all(self, log: Log, limit: int) -> list[Entry]:
        """Everything, as a reader that goes on from answer to answer."""
        after: dict[str, int] = {}
        found: list[Entry] = []
        while entries := log.read(after, limit):
            found += entries
            after[entries[-1].node] = entries[-1].position
        return found

    def test_an_empty_log_has_nothing_to_read(self, log: Log) -> None:
        """A reader that is caught up gets an empty answer."""
        assert log.read({}, 10) == []
        assert log.read({"main": 7}, 10) == []

    @pytest.mark.parametrize("limit", [1, 3, 100])
    def test_entries_come_in_order(self, log: Log, limit: int) -> None:
        """Each once, without a hole, however many at a time."""
        self.append(log, "main", 4)
        self.append(log, "main", 3)

        assert [e.position for e in self.read_all(log, limit)] == [1, 2, 3, 4, 5, 6, 7]

    def test_an_answer_is_of_one_node(self, log: Log) -> None:
        """No more than the limit, ascending."""
        for node in ("main", "load-a", "main", "load-b"):
            self.append(log, node, 3)
        after: dict[str, int] = {}
        while entries := log.read(after, 4):
            assert len({entry.node for entry in entries}) == 1
            assert len(entries) <= 4
            positions = [entry.position for entry in entries]
            assert positions == list(range(positions[0], positions[0] + len(positions)))
            after[entries[-1].node] = positions[-1]

        assert after == {"main": 6, "load-a": 3, "load-b": 3}

    def test_live_nodes_go_first(self, log: Log) -> None:
        """A load that is long holds nothing up that is live."""
        self.append(log, "load-a", 3)
        self.append(log, "main", 2)
        assert {entry.node for entry in log.read({}, 10)} == {"main"}
        assert {entry.node for entry in log.read({"main": 2}, 10)} == {"load-a"}

        self.append(log, "main", 1)
        assert {entry.node for entry in log.read({"main": 2, "load-a": 1}, 10)} == {"main"}

    def test_a_node_that_is_not_named_begins_at_its_beginning(self, log: Log) -> None:
        """A reader learns of new nodes by reading on."""
        self.append(log, "main", 2)
        self.append(log, "load-a", 1)

        (entry,) = log.read({"main": 2, "load-gone": 9}, 10)
        assert (entry.node, entry.position) == ("load-a", 1)

    def test_a_reader_may_begin_again(self, log: Log) -> None:
        """Nothing is used up: the log is the same for everybody at every time."""
        self.append(log, "main", 3)
        first = self.read_all(log, 2)

        assert self.read_all(log, 2) == first

    def test_a_body_is_one_record(self, log: Log) -> None:
        """A line of JSON that names its own place."""
        self.append(log, "main", 2)
        for entry in self.read_all(log, 10):
            record = msgspec.json.decode(entry.body, type=LogRecord)

            assert (record.node, record.position) == (entry.node, entry.position)
            assert b"\n" not in entry.body

    def test_waiting_ends_when_something_is_appended(self, log: Log) -> None:
        """At once for whoever waits already."""
        while log.wait(0):
            pass
        found: list[bool] = []
        waiting = threading.Thread(target=lambda: found.append(log.wait(WAIT_S)))
        waiting.start()
        self.append(log, "main", 1)
        waiting.join(WAIT_S)

        assert found == [True]

    def test_what_was_appended_before_is_not_waited_for(self, log: Log) -> None:
        """No wake-up is lost between two waits, and none is told twice."""
        self.append(log, "main", 1)

        assert log.wait(WAIT_S)
        assert not log.wait(0)

    def test_waiting_ends_when_time_runs_out(self, log: Log) -> None:
        """Nothing came, and the reader may look after other things."""
        while log.wait(0):
            pass

        assert not log.wait(0.001)


class TestStoreLog(LogContract):
    """The event store's own notification logs."""

    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[Log]:
        """Over a real store."""
        with House(tmp_path) as house:
            self.house = house
            self.count = 0
            yield StoreLog(house.store, house.application.settle)

    def append(self, log: Log, node: str, count: int) -> None:
        """Record events as the writer does."""
        stated = {} if node == "main" else {"receivedtime": STATED}
        events = []
        for _ in range(count):
            self.count += 1
            events.append(event(id_=str(self.count), subject=f"R{self.count}") | stated)
        answers = self.house.record(events, importer=True, node=node)
        assert {answer.status for answer in answers} == {"accepted"}
        assert isinstance(log, StoreLog)
        log.appended()

    def test_the_watermark_is_the_writers(self, log: Log) -> None:
        """Everything received up to then can be read, nothing up to then will come."""
        self.append(log, "main", 2)
        self.house.clock.move(seconds=5)
        watermark = log.watermark()
        self.append(log, "main", 1)

        moments = [
            msgspec.json.decode(entry.body, type=LogRecord).received_at
            for entry in self.read_all(log, 10)
        ]
        assert watermark == NOON + timedelta(seconds=5)
        assert [moment <= watermark for moment in moments] == [True, True, False]

    def test_a_hole_holds_no_other_node_up(self, log: Log) -> None:
        """Where a log was cut short behind our back, the others are still read."""
        self.append(log, "main", 2)
        self.append(log, "load-a", 1)
        with self.house.store._writing.transaction(commit=True) as cursor:
            cursor.execute("DELETE FROM events_main WHERE rowid=2")

        assert [(e.node, e.position) for e in self.read_all(log, 10)] == [
            ("main", 1),
            ("load-a", 1),
        ]


class TestMemoryLog(LogContract):
    """The one that tests read from keeps the same promises."""

    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[Log]:
        """In memory, filled from a real store."""
        with House(tmp_path) as house:
            self.house = house
            self.count = 0
            yield MemoryLog()

    def append(self, log: Log, node: str, count: int) -> None:
        """The entries of a real store."""
        assert isinstance(log, MemoryLog)
        source = StoreLog(self.house.store, self.house.application.settle)
        before = {n: head.position for n, head in self.house.store.heads().items()}
        TestStoreLog.append(self, source, node, count)  # type: ignore[arg-type]
        while entries := source.read(before, 100):
            log.append(entries)
            before[entries[-1].node] = entries[-1].position
