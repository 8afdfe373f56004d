"""What every log promises to its readers, whatever carries it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from schemas.envelope import LogRecord
from services.backbone.log import Complete, Entry, Log, Portion
from services.backbone.store_log import StoreLog
from tests.support.events import NOON, event
from tests.support.ingest import House
from tests.support.memory_log import MemberLog, MemoryLog, MemoryTopic

WAIT_S = 30
STATED = "2026-01-01T00:00:00Z"


class Read(NamedTuple):
    """Everything that a reader was given, portion by portion."""

    portions: list[Portion]
    after: dict[str, int]
    told: dict[tuple[str, str], Complete]
    """The last word on what is complete, by partition and node."""

    @property
    def entries(self) -> list[Entry]:
        """All entries, in the order in which they came."""
        return [entry for portion in self.portions for entry in portion.entries]

    def positions(self, node: str) -> list[int]:
        """What came of a node, in order of position."""
        return sorted(entry.position for entry in self.entries if entry.node == node)


def read_all(log: Log, limit: int = 100, after: dict[str, int] | None = None) -> Read:
    """Read on from answer to answer to the end, as a reader does that knows what it has."""
    read = Read([], dict(after or {}), {})
    for partition in log.assigned() or ():
        read.after.setdefault(partition, log.first(partition))
    while True:
        watermarks = log.watermarks()
        portion = log.read(read.after, limit)
        if portion is None:
            read.told.update({(node, node): complete for node, complete in watermarks.items()})
            return read
        read.portions.append(portion)
        read.after[portion.partition] = portion.after
        read.told.update({(portion.partition, n): c for n, c in portion.complete.items()})


class LogContract(ABC):
    """The promises; a subclass brings a log and fills it."""

    @pytest.fixture
    @abstractmethod
    def log(self, tmp_path: Path) -> Iterator[Log]:
        """An empty log whose reader has all partitions."""

    @abstractmethod
    def append(self, log: Log, node: str, count: int) -> None:
        """Put so many events at the end of a node's log, readable and told as complete."""

    def read_until(self, log: Log, node: str, position: int, limit: int = 100) -> Read:
        """Read from the beginning until a node is told to be complete up to a position."""
        read = read_all(log, limit)
        while True:
            told = [c for (_, n), c in read.told.items() if n == node]
            if told and len(told) == told[0].partitions and min(told).position >= position:
                return read
            log.wait(WAIT_S)
            more = read_all(log, limit, read.after)
            read = Read([*read.portions, *more.portions], more.after, {**read.told, **more.told})

    def test_an_empty_log_has_nothing_to_read(self, log: Log) -> None:
        """A reader that is caught up gets no answer."""
        assert read_all(log).entries == []

    @pytest.mark.parametrize("limit", [1, 3, 100])
    def test_each_entry_comes_once(self, log: Log, limit: int) -> None:
        """Without a hole, however many at a time, and never more than asked for."""
        self.append(log, "main", 4)
        self.append(log, "main", 3)
        read = self.read_until(log, "main", 7, limit)

        assert read.positions("main") == [1, 2, 3, 4, 5, 6, 7]
        assert max(len(portion.entries) for portion in read.portions) <= limit

    def test_a_partition_is_in_order(self, log: Log) -> None:
        """What one partition has of a node comes ascending."""
        for node in ("main", "load-a", "main", "load-b", "main"):
            self.append(log, node, 3)
        self.read_until(log, "load-b", 3)
        read = self.read_until(log, "main", 9, limit=4)

        places: dict[tuple[str, str], list[int]] = {}
        for portion in read.portions:
            for entry in portion.entries:
                places.setdefault((portion.partition, entry.node), []).append(entry.position)
        assert all(positions == sorted(positions) for positions in places.values())
        assert {n: len(read.positions(n)) for n in ("main", "load-a", "load-b")} == {
            "main": 9,
            "load-a": 3,
            "load-b": 3,
        }

    def test_what_is_told_to_be_complete_was_read(self, log: Log) -> None:
        """Nothing of a node up to there comes later in the partition, by place or by moment."""
        for count in (2, 1, 4):
            self.append(log, "main", count)
            self.append(log, "load-a", count)
        self.read_until(log, "load-a", 7)
        read = self.read_until(log, "main", 7, limit=2)

        told: dict[tuple[str, str], Complete] = {}
        for portion in read.portions:
            for entry in portion.entries:
                known = told.get((portion.partition, entry.node))
                record = msgspec.json.decode(entry.body, type=LogRecord)
                assert known is None or entry.position > known.position
                if known is not None and entry.node == "main":
                    assert record.received_at > known.received_at
            told.update({(portion.partition, n): c for n, c in portion.complete.items()})

    def test_at_the_end_all_is_told_to_be_complete(self, log: Log) -> None:
        """The partitions of a node agree on how many they are."""
        self.append(log, "main", 5)
        read = self.read_until(log, "main", 5)

        told = [complete for (_, node), complete in read.told.items() if node == "main"]
        assert {complete.partitions for complete in told} == {len(told)}
        assert {complete.position for complete in told} == {5}

    def test_a_reader_goes_on_from_any_portion(self, log: Log) -> None:
        """Whatever a portion names in ``after``, nothing is missed and nothing comes twice."""
        self.append(log, "main", 6)
        whole = self.read_until(log, "main", 6, limit=2)
        for cut in range(len(whole.portions)):
            after = {p.partition: p.after for p in whole.portions[:cut]}
            rest = read_all(log, 3, after)

            came = [entry for p in whole.portions[:cut] for entry in p.entries]
            assert sorted([*came, *rest.entries]) == sorted(whole.entries)

    def test_the_end_is_where_a_reader_ends(self, log: Log) -> None:
        """What ``ends`` tells less what was read is what is still to come."""
        self.append(log, "main", 3)
        read = self.read_until(log, "main", 3)
        ends = log.ends()

        assert {p: ends[p] for p in read.after} == read.after

    def test_the_first_offset_is_the_beginning(self, log: Log) -> None:
        """Naming it is as good as naming nothing."""
        self.append(log, "main", 3)
        read = self.read_until(log, "main", 3)
        firsts = {partition: log.first(partition) for partition in read.after}

        assert sorted(read_all(log, 10, firsts).entries) == sorted(read.entries)

    def test_a_partition_that_is_not_there_disturbs_nobody(self, log: Log) -> None:
        """Checkpoints of what once was are no reason to fail."""
        self.append(log, "main", 2)
        self.read_until(log, "main", 2)

        assert read_all(log, 10, {"gone": 9}).positions("main") == [1, 2]

    def test_a_reader_may_begin_again(self, log: Log) -> None:
        """Nothing is used up: the log is the same at every time."""
        self.append(log, "main", 3)
        first = self.read_until(log, "main", 3)

        assert sorted(read_all(log, 2).entries) == sorted(first.entries)

    def test_a_body_is_one_record(self, log: Log) -> None:
        """A line of JSON that names its own place."""
        self.append(log, "main", 2)
        for entry in self.read_until(log, "main", 2).entries:
            record = msgspec.json.decode(entry.body, type=LogRecord)

            assert (record.node, record.position) == (entry.node, entry.position)
            assert b"\n" not in entry.body

    def test_waiting_ends_when_something_is_appended(self, log: Log) -> None:
        """At once for whoever waits already."""
        read_all(log)
        while log.wait(0):
            read_all(log)
        found: list[bool] = []
        waiting = threading.Thread(target=lambda: found.append(log.wait(WAIT_S)))
        waiting.start()
        self.append(log, "main", 1)
        waiting.join(WAIT_S)

        assert found == [True]

    def test_what_was_appended_before_is_not_waited_for(self, log: Log) -> None:
        """No wake-up is lost between two waits."""
        read_all(log)
        while log.wait(0):
            read_all(log)
        self.append(log, "main", 1)

        assert log.wait(WAIT_S)

    def test_waiting_ends_when_time_runs_out(self, log: Log) -> None:
        """Nothing came, and the reader may look after other things."""
        read_all(log)
        while log.wait(0):
            read_all(log)

        assert not log.wait(0.001)


class NodesContract(LogContract):
    """The promises of a log in which each node has a partition of its own."""

    def test_live_nodes_go_first(self, log: Log) -> None:
        """A load that is long holds nothing up that is live."""
        self.append(log, "load-a", 3)
        self.append(log, "main", 2)
        first = log.read({}, 10)
        second = log.read({"main": 2}, 10)
        self.append(log, "main", 1)
        third = log.read({"main": 2, "load-a": 1}, 10)

        assert [p.partition for p in (first, second, third) if p] == ["main", "load-a", "main"]

    def test_a_wake_up_is_told_once(self, log: Log) -> None:
        """Whoever was woken sleeps again until more comes."""
        self.append(log, "main", 1)
        assert log.wait(WAIT_S)

        assert not log.wait(0)


class TestStoreLog(NodesContract):
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
        assert isinstance(log, StoreLog)
        self.record(node, count)
        log.appended()

    def record(self, node: str, count: int) -> None:
        """So many new things."""
        stated = {} if node == "main" else {"receivedtime": STATED}
        events = []
        for _ in range(count):
            self.count += 1
            events.append(event(id_=str(self.count), subject=f"R{self.count}") | stated)
        answers = self.house.record(events, importer=True, node=node)
        assert {answer.status for answer in answers} == {"accepted"}

    def test_the_watermark_is_the_writers(self, log: Log) -> None:
        """Everything received up to then can be read, nothing up to then will come."""
        self.append(log, "main", 2)
        self.house.clock.move(seconds=5)
        watermarks = log.watermarks()
        self.append(log, "main", 1)

        moments = [
            msgspec.json.decode(entry.body, type=LogRecord).received_at
            for entry in read_all(log).entries
        ]
        assert watermarks == {"main": Complete(2, NOON + timedelta(seconds=5))}
        assert [moment <= watermarks["main"].received_at for moment in moments] == [
            True,
            True,
            False,
        ]

    def test_a_live_log_that_is_empty_has_a_watermark(self, log: Log) -> None:
        """A load alone makes no moment; that nothing live has come is known all the same."""
        self.append(log, "load-a", 1)

        assert log.watermarks() == {"main": Complete(0, NOON)}

    def test_a_hole_holds_no_other_node_up(self, log: Log) -> None:
        """Where a log was cut short behind our back, the others are still read."""
        self.append(log, "main", 2)
        self.append(log, "load-a", 1)
        with self.house.store._writing.transaction(commit=True) as cursor:
            cursor.execute("DELETE FROM events_main WHERE rowid=2")

        assert [(e.node, e.position) for e in read_all(log).entries] == [
            ("main", 1),
            ("load-a", 1),
        ]


class TestMemoryLog(NodesContract):
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
        log.append(_recorded(self, node, count))
        log.complete_to = NOON


class TestMemoryTopic(LogContract):
    """The one that stands for a topic in tests keeps them too."""

    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[Log]:
        """In memory, filled from a real store."""
        with House(tmp_path) as house:
            self.house = house
            self.count = 0
            yield MemberLog(MemoryTopic())

    def append(self, log: Log, node: str, count: int) -> None:
        """The entries of a real store, and a mark."""
        assert isinstance(log, MemberLog)
        log.topic.deliver(_recorded(self, node, count))


def _recorded(test: TestMemoryLog | TestMemoryTopic, node: str, count: int) -> list[Entry]:
    """New entries of a real store."""
    source = StoreLog(test.house.store, test.house.application.settle)
    before = dict(source.ends())
    TestStoreLog.record(test, node, count)  # type: ignore[arg-type]  # it has the same house
    return read_all(source, 100, before).entries
