"""The warehouse refuses, hangs, breaks off or lies: every view equals the fold afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

import pytest

from services.backbone.errors import WarehouseFailed
from services.backbone.log import Entry
from services.backbone.progress import Progress
from services.backbone.warehouse import Warehouse, connect
from services.projector.check import check
from services.projector.migrations import apply
from services.projector.runner import Projector
from tests.support.clickhouse import ClickHouse
from tests.support.memory_log import MemoryLog
from tests.support.projecting import empty
from tests.support.proxy import Fault, Proxy
from tests.support.records import province

RECORDS = 1_500
BLOCK_ROWS = 300
WAIT_S = 60.0
OPTIONS = "answer_s=1&connect_s=1"
EVENTS = b"INSERT INTO events"
CHECKPOINTS = b"INSERT INTO checkpoints"
KEYFRAMES = b"INSERT INTO keyframes"
ANYTHING = b"POST /"


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    """Some days of a province."""
    return list(islice(province(20261123, per_day=500, at_once=100), RECORDS))


@pytest.fixture
def proxy(clickhouse: ClickHouse) -> Iterator[Proxy]:
    """A proxy before the shared server."""
    with Proxy(clickhouse.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def standing(clickhouse: ClickHouse, names: Iterator[str]) -> Iterator[Warehouse]:
    """All views in a database of the module's own, reached without the proxy."""
    database = clickhouse.create_database(f"faults_{next(names)}")
    with connect(clickhouse.dsn(database=database)) as warehouse:
        apply(warehouse)
        yield warehouse


@pytest.fixture
def direct(standing: Warehouse) -> Warehouse:
    """All views, and nothing in them."""
    empty(standing)
    return standing


@pytest.fixture
def written(direct: Warehouse, clickhouse: ClickHouse, proxy: Proxy) -> Iterator[Warehouse]:
    """The projector's own client, as the user that may insert alone, through the proxy."""
    dsn = clickhouse.dsn("writer", database=direct.database, port=proxy.port, options=OPTIONS)
    with connect(dsn) as warehouse:
        yield warehouse


def projector(warehouse: Warehouse, entries: list[Entry], progress: Progress) -> Projector:
    """One that loses no time between its attempts."""
    return Projector(
        warehouse, MemoryLog(entries), progress, block_rows=BLOCK_ROWS, pause=lambda _seconds: None
    )


def differences(warehouse: Warehouse, entries: list[Entry]) -> list[object]:
    """What the views hold otherwise than the fold of the log."""
    return list(check(warehouse, entries, total=len(entries)).listed)


def wait_taken_in(progress: Progress, entries: list[Entry]) -> None:
    """Wait until everything stands in the views: who is stopped before leaves it for later."""
    while progress.snapshot().positions.get("main", 0) < len(entries):
        assert progress.wait(progress.snapshot().generation, WAIT_S)


@pytest.mark.parametrize("on", [EVENTS, CHECKPOINTS, KEYFRAMES, ANYTHING])
@pytest.mark.parametrize(
    "fault", [fault for fault in Fault if fault not in {Fault.HANG, Fault.HANG_AFTER}]
)
def test_a_fault_is_overcome(
    direct: Warehouse, written: Warehouse, proxy: Proxy, entries: list[Entry], fault: Fault,
    on: bytes,
) -> None:  # fmt: skip
    """Two requests in a row fail, each in this way."""
    proxy.fail(fault, on=on, times=2, delay_s=0.05)
    projector(written, entries, Progress()).catch_up()

    assert proxy.hits == 2
    assert differences(direct, entries) == []


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.HANG_AFTER])
def test_a_server_that_hangs_is_given_up_in_time(
    direct: Warehouse, written: Warehouse, proxy: Proxy, entries: list[Entry], fault: Fault
) -> None:
    """An insert without an answer ends by its timeout and is sent again."""
    proxy.fail(fault, on=EVENTS, times=2)
    projector(written, entries, Progress()).catch_up()

    assert proxy.hits == 2
    assert differences(direct, entries) == []


def test_a_server_that_nobody_reaches_is_waited_for(
    direct: Warehouse, written: Warehouse, proxy: Proxy, entries: list[Entry]
) -> None:
    """Connections refused in the middle: the projector says that it fails, and goes on."""
    progress = Progress()
    running = projector(written, entries, progress)
    proxy.fail(Fault.CUT_AFTER, on=EVENTS, times=1)
    running.follow()
    proxy.wait_hits(1)
    proxy.refuse()
    while not running.health.failures:
        progress.wait(progress.snapshot().generation, 0.01)
    proxy.heal()
    wait_taken_in(progress, entries)
    running.stop()

    assert differences(direct, entries) == []


def test_a_server_that_is_killed_is_waited_for(
    direct: Warehouse, written: Warehouse, proxy: Proxy, clickhouse: ClickHouse,
    entries: list[Entry],
) -> None:  # fmt: skip
    """kill -9 in the middle of an insert; what it had answered stands, the rest comes again."""
    progress = Progress()
    running = projector(written, entries, progress)
    running.follow()
    progress.wait(0, 30)
    clickhouse.kill()
    while not running.health.failures and running.health.records < RECORDS:
        progress.wait(progress.snapshot().generation, 0.01)
    clickhouse.start()
    wait_taken_in(progress, entries)
    running.stop()

    assert differences(direct, entries) == []


def faults_at_random(
    warehouse: Warehouse, proxy: Proxy, entries: list[Entry], made: random.Random
) -> int:
    """Take in all entries while one fault follows another; tells how many there were."""
    progress = Progress()
    running = projector(warehouse, entries, progress)
    running.follow()
    faults = 0
    while progress.snapshot().positions.get("main", 0) < len(entries):
        if proxy.hits >= faults:
            faults = proxy.hits + 1
            fault = made.choice([f for f in Fault if f is not Fault.DELAY])
            proxy.fail(fault, on=made.choice([EVENTS, CHECKPOINTS, ANYTHING]), times=1)
        progress.wait(progress.snapshot().generation, 0.02)
    proxy.heal()
    running.stop()
    return proxy.hits


@pytest.mark.parametrize("seed", range(2))
def test_fault_after_fault_changes_nothing(
    direct: Warehouse, written: Warehouse, proxy: Proxy, entries: list[Entry], seed: int
) -> None:
    """Of every kind, at any statement, for as long as there is something to take in."""
    assert faults_at_random(written, proxy, entries, random.Random(seed))
    assert differences(direct, entries) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 22))
def test_many_faults_change_nothing(
    direct: Warehouse, written: Warehouse, proxy: Proxy, seed: int
) -> None:
    """As above, over longer logs."""
    longer = list(islice(province(seed, per_day=2_000, at_once=100), 12 * RECORDS))

    assert faults_at_random(written, proxy, longer, random.Random(seed)) > 2
    assert differences(direct, longer) == []


@pytest.mark.parametrize(
    "fault", [Fault.CUT_REPLY, Fault.CUT_HEAD, Fault.CUT_AFTER, Fault.CUT_REQUEST]
)
def test_a_read_is_tried_again(written: Warehouse, proxy: Proxy, fault: Fault) -> None:
    """Whoever asks sees nothing of a connection that broke once."""
    proxy.fail(fault)

    assert written.rows("SELECT sum(number) FROM numbers(10)") == [(45,)]
    assert proxy.hits == 1


def test_a_read_that_fails_again_and_again_is_told(written: Warehouse, proxy: Proxy) -> None:
    """As a failure that may pass."""
    proxy.fail(Fault.CUT_AFTER, times=None)
    with pytest.raises(WarehouseFailed, match="broke off") as failed:
        written.rows("SELECT 1")

    assert failed.value.temporary


def test_a_read_that_hangs_is_told_in_time(written: Warehouse, proxy: Proxy) -> None:
    """By its timeout, once; what asks next is answered."""
    proxy.fail(Fault.HANG, times=None)
    with pytest.raises(WarehouseFailed, match="did not answer in time") as failed:
        written.rows("SELECT 1")
    proxy.heal()

    assert failed.value.temporary
    assert proxy.hits == 1
    assert written.rows("SELECT 1") == [(1,)]


def test_a_read_that_nobody_answers_is_told(written: Warehouse, proxy: Proxy) -> None:
    """A refused connection is named as such."""
    proxy.refuse()
    with pytest.raises(WarehouseFailed, match="cannot be reached") as failed:
        written.rows("SELECT 1")

    assert failed.value.temporary
