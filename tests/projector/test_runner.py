"""The loop that takes the log into the warehouse."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

import pytest

from services.backbone.errors import BackboneError, LogUnavailable, OffsetLost
from services.backbone.log import Complete, Entry, Portion
from services.backbone.progress import NEVER, Progress
from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.check import check
from services.projector.migrations import apply
from services.projector.runner import Projector
from tests.support.histories import records_of
from tests.support.memory_log import MemberLog, MemoryLog, MemoryTopic
from tests.support.projecting import checkpoint, project
from tests.support.records import START, province

ENTRIES = list(islice(province(7, at_once=20), 300))
LAST = records_of(ENTRIES[-1:])[0].received_at
LATER = LAST + timedelta(seconds=5)
WAIT_S = 60


class Reports(Progress):
    """Keeps every report."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[tuple[dict[str, int], datetime]] = []

    def applied(self, positions: Mapping[str, int], watermark: datetime) -> None:
        """Take note, and pass on."""
        self.all.append((dict(positions), watermark))
        super().applied(positions, watermark)


@pytest.fixture
def running() -> Iterator[Callable[[Projector], Projector]]:
    """Starts projectors, and stops them at the end of the test."""
    started: list[Projector] = []

    def start(projector: Projector) -> Projector:
        projector.start()
        started.append(projector)
        return projector

    yield start
    for projector in started:
        projector.stop()


def wait_for(progress: Progress, node: str, position: int) -> None:
    """Block until a position is reported."""
    applied = progress.snapshot()
    while applied.positions.get(node, 0) < position:
        assert progress.wait(applied.generation, WAIT_S)
        applied = progress.snapshot()


def test_stopping_takes_in_the_whole_log(warehouse: Warehouse) -> None:
    """After ``stop`` everything stands, and the checkpoint says so."""
    projector = Projector(warehouse, MemoryLog(ENTRIES), Progress(), block_rows=70)
    projector.start()
    projector.stop()

    assert check(warehouse, ENTRIES, total=300).listed == []
    assert checkpoints.read(warehouse)["main"].offset == 300
    assert checkpoints.complete(warehouse) == {"main": Complete(300, LAST)}
    assert projector.health == (False, 0, 300, 0, 0, 0)


def test_what_is_appended_is_soon_seen(
    warehouse: Warehouse, running: Callable[[Projector], Projector]
) -> None:
    """A running projector reports each new entry when it stands in the views."""
    log, progress = MemoryLog(), Progress()
    projector = running(Projector(warehouse, log, progress))
    for upto in (1, 2, 300):
        log.append(ENTRIES[len(log.entries()) : upto])
        wait_for(progress, "main", upto)
        assert warehouse.rows("SELECT count() FROM states FINAL") == [(upto,)]

    assert projector.health.running


class Away(MemoryLog):
    """A log that fails while a reader waits for more."""

    def __init__(self, entries: list[Entry], errors: list[BackboneError]) -> None:
        super().__init__(entries)
        self.errors = errors
        self.wait = self._failing

    def _failing(self, timeout_s: float) -> bool:
        if self.errors:
            raise self.errors.pop()
        return self._woken.wait(timeout_s)


def test_a_log_that_fails_while_nothing_comes_is_waited_for(
    warehouse: Warehouse, running: Callable[[Projector], Projector]
) -> None:
    """As one that fails while it is read: what comes afterwards is taken in."""
    errors: list[BackboneError] = [LogUnavailable("away"), OffsetLost("gone")]
    log, progress = Away(ENTRIES[:100], [*errors, LogUnavailable("away")]), Progress()
    projector = running(Projector(warehouse, log, progress, pause=lambda _: None))
    wait_for(progress, "main", 100)
    while log.errors:
        assert projector.health.running
    log.append(ENTRIES[100:])
    wait_for(progress, "main", 300)

    assert projector.health.running


def test_duplicates_on_the_log_are_dropped(warehouse: Warehouse) -> None:
    """Entries that a relay sent twice go in once, and are counted."""
    topic = MemoryTopic()
    topic.deliver(ENTRIES[:200])
    topic.deliver(ENTRIES[100:])
    projector = Projector(warehouse, MemberLog(topic), Progress(), block_rows=1000)
    projector.start()
    projector.stop()

    assert projector.health.records == 300 + 100 - projector.health.duplicates
    assert check(warehouse, ENTRIES, total=300).listed == []


def test_a_new_start_goes_on_from_the_checkpoint(warehouse: Warehouse) -> None:
    """What stands is not read again."""
    project(warehouse, ENTRIES[:200])
    progress = Progress()
    projector = Projector(warehouse, MemoryLog(ENTRIES), progress)
    projector.start()
    projector.stop()

    assert projector.health.records == 100
    assert progress.snapshot().positions == {"main": 300}


def test_what_followed_the_checkpoint_is_inserted_again(warehouse: Warehouse) -> None:
    """As after a crash: rows beyond the checkpoint are there, in some tables only."""
    project(warehouse, ENTRIES)
    warehouse.command("TRUNCATE TABLE checkpoints")
    checkpoint(warehouse, "main", 120, LAST)
    warehouse.command("ALTER TABLE flows DELETE WHERE position > 130 SETTINGS mutations_sync = 2")
    warehouse.command("ALTER TABLE things DELETE WHERE position > 200 SETTINGS mutations_sync = 2")
    project(warehouse, ENTRIES)

    assert check(warehouse, ENTRIES, total=300).listed == []


def test_at_the_end_the_moment_is_the_watermark(
    warehouse: Warehouse, running: Callable[[Projector], Projector]
) -> None:
    """When all is read, everything up to the log's own moment stands."""
    log, progress = MemoryLog(ENTRIES), Progress()
    log.complete_to = LATER
    running(Projector(warehouse, log, progress))
    wait_for(progress, "main", 300)
    while (applied := progress.snapshot()).watermark < LATER:
        assert progress.wait(applied.generation, WAIT_S)

    assert applied.watermark == LATER


def test_on_the_way_the_moment_is_that_of_the_last_record(warehouse: Warehouse) -> None:
    """Before the end nothing is promised that does not yet stand."""
    log, reports = MemoryLog(ENTRIES), Reports()
    log.complete_to = LATER
    projector = Projector(warehouse, log, reports, block_rows=100)
    projector.start()
    projector.stop()
    received = {r.position: r.received_at for r in records_of(ENTRIES)}

    assert reports.all[0] == ({}, NEVER)
    assert reports.all[1:3] == [
        ({"main": 100}, received[100]),
        ({"main": 200}, received[200]),
    ]


def test_a_long_load_does_not_hold_up_the_live_moment(warehouse: Warehouse) -> None:
    """While an import is taken in, the live log is known to be complete."""
    load_ = [Entry("load-a", e.position, e.body.replace(b'"main"', b'"load-a"')) for e in ENTRIES]
    log, reports = MemoryLog(load_), Reports()
    log.complete_to = LATER
    projector = Projector(warehouse, log, reports, block_rows=100)
    projector.start()
    projector.stop()

    assert reports.all[1] == ({"load-a": 100}, LATER)


def test_a_closed_day_gets_its_keyframe(
    warehouse: Warehouse, running: Callable[[Projector], Projector]
) -> None:
    """Midnight closes a day of the live node, also when no fact comes after it."""
    log, progress = MemoryLog(ENTRIES), Progress()
    log.complete_to = LAST + timedelta(days=1)
    running(Projector(warehouse, log, progress))
    wait_for(progress, "main", 300)
    held = progress.snapshot().generation
    for _ in range(2):
        assert progress.wait(held, WAIT_S)
        held = progress.snapshot().generation

    assert warehouse.rows("SELECT DISTINCT day FROM keyframes") == [
        ((START + timedelta(days=1)).date(),)
    ]


class Mended:
    """Waits as told, and mends the warehouse after some failures."""

    def __init__(self, warehouse: Warehouse, failures: int) -> None:
        self._warehouse = warehouse
        self._failures = failures
        self.waited_s: list[float] = []

    def __call__(self, wait_s: float) -> None:
        """Stand in for the wait between two attempts."""
        self.waited_s.append(wait_s)
        if len(self.waited_s) == self._failures:
            apply(self._warehouse)


class Breaking(MemoryLog):
    """A log whose first reading breaks the warehouse behind it."""

    def __init__(self, entries: list[Entry], warehouse: Warehouse) -> None:
        super().__init__(entries)
        self._warehouse = warehouse

    def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
        """As ever, but the table that takes the log is gone."""
        if not after:
            self._warehouse.command("DROP TABLE events SYNC")
        return super().read(after, limit)


def test_a_failing_warehouse_is_tried_again(warehouse: Warehouse) -> None:
    """The block is kept and inserted once the warehouse works; pauses grow up to a bound."""
    pause = Mended(warehouse, failures=10)
    log = Breaking(ENTRIES, warehouse)
    projector = Projector(warehouse, log, Progress(), jitter=lambda: 1.0, pause=pause)
    projector.catch_up()

    assert pause.waited_s == sorted(pause.waited_s)
    assert check(warehouse, ENTRIES, total=300).listed == []
    assert projector.health.failures == 0


def test_health_tells_of_failures(warehouse: Warehouse) -> None:
    """While the warehouse fails, readiness can say so."""
    seen: list[int] = []
    mend = Mended(warehouse, failures=3)

    def pause(wait_s: float) -> None:
        seen.append(projector.health.failures)
        mend(wait_s)

    projector = Projector(warehouse, Breaking(ENTRIES, warehouse), Progress(), pause=pause)
    projector.catch_up()

    assert seen == [1, 2, 3]


def test_stopping_does_not_wait_for_a_broken_warehouse(warehouse: Warehouse) -> None:
    """What could not be inserted stays on the log for the next start."""
    projector = Projector(warehouse, Breaking(ENTRIES, warehouse), Progress())
    projector.start()
    projector.stop()
    assert checkpoints.read(warehouse) == {}
    project(warehouse, ENTRIES)

    assert check(warehouse, ENTRIES, total=300).listed == []


def test_one_of_a_group_leaves_the_rest_to_the_others(warehouse: Warehouse) -> None:
    """However long the log is: what was read stands when it ends, and its checkpoint says so."""
    topic = MemoryTopic()
    for start in range(0, 300, 30):
        topic.deliver(ENTRIES[start : start + 30])

    class Stopping(MemberLog):
        """Is told to stop at the fourth reading."""

        readings = 0

        def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
            """See ``Log``."""
            self.readings += 1
            if self.readings == 4:
                first._stopping.set()
            return super().read(after, min(limit, 20))

    first = Projector(warehouse, Stopping(topic), Progress(), shared=True)
    first._follow()
    assert 0 < first.health.records < 200
    second = Projector(warehouse, MemberLog(topic), Progress(), shared=True)
    second.catch_up()

    assert first.health.records + second.health.records == 300
    assert check(warehouse, ENTRIES, total=300).listed == []


def test_ends_of_partitions_are_told(warehouse: Warehouse) -> None:
    """Where each is, and where it ends: lag is the difference."""
    told: list[tuple[dict[str, int], dict[str, int]]] = []
    topic = MemoryTopic()
    topic.deliver(ENTRIES)
    Projector(
        warehouse,
        MemberLog(topic, {"0", "2"}),
        Progress(),
        told=lambda offsets, ends: told.append((dict(offsets), dict(ends))),
    ).catch_up()

    ends = {partition: topic.end(partition) for partition in ("0", "2")}
    assert told[0] == ({"0": 0, "2": 0}, ends)
    assert told[-1] == (ends, ends)


def test_what_cannot_be_read_is_passed_over_and_counted(warehouse: Warehouse) -> None:
    """Poison of the log, and a record that the warehouse cannot read."""
    topic = MemoryTopic(1)
    topic.spoil("0", b"hello")
    topic.deliver(ENTRIES[:9])
    topic.add("0", ENTRIES[9]._replace(body=ENTRIES[9].body + b"]"))
    topic.mark("main", 10, LAST)
    projector = Projector(warehouse, MemberLog(topic), Progress())
    projector.catch_up()

    assert projector.health.set_aside == 2
    assert checkpoints.complete(warehouse)["main"].position == 10
    assert check(warehouse, ENTRIES[:9], total=9).listed == []


def test_starting_makes_the_views(empty_warehouse: Warehouse) -> None:
    """A projector on an empty database makes what it needs."""
    projector = Projector(empty_warehouse, MemoryLog(ENTRIES), Progress())
    projector.start()
    projector.stop()

    assert empty_warehouse.rows("SELECT count() FROM events FINAL") == [(300,)]
