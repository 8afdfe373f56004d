"""One job at a time changes the views of a server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from services.backbone.errors import WarehouseFailed
from services.backbone.warehouse import Warehouse, connect
from services.projector import commands, lock
from services.projector.check import check
from services.projector.errors import ViewsHeld
from services.projector.lock import break_lock, held, holder_of, this_job
from services.projector.migrations import apply, pending
from services.projector.view_files import load
from tests.support.clickhouse import ClickHouse
from tests.support.memory_log import MemoryLog
from tests.support.proxy import Fault, Proxy
from tests.support.records import province

MIDDLE = b"CREATE TABLE IF NOT EXISTS states"


@pytest.fixture
def dsn(clickhouse: ClickHouse, clickhouse_database: str) -> str:
    """An empty database of the shared server."""
    return clickhouse.dsn(database=clickhouse_database)


@pytest.fixture
def server(dsn: str) -> Iterator[Warehouse]:
    """A migrator's client of it."""
    with connect(dsn) as warehouse:
        yield warehouse


@pytest.fixture
def proxy(clickhouse: ClickHouse) -> Iterator[Proxy]:
    """A proxy before the server."""
    with Proxy(clickhouse.port) as proxy:
        yield proxy


@pytest.fixture
def through_proxy(clickhouse: ClickHouse, clickhouse_database: str, proxy: Proxy) -> str:
    """The same database behind the proxy."""
    return clickhouse.dsn(database=clickhouse_database, port=proxy.port)


def test_a_job_says_where_and_since_when() -> None:
    """And no two are named alike."""
    now = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

    assert f"process {os.getpid()} on " in this_job(now)
    assert "since 2026-11-23T08:30:00+00:00" in this_job(now)
    assert this_job(now) != this_job(now)


def test_who_holds_it_keeps_others_out(server: Warehouse) -> None:
    """The other hears who holds it and how to break it; afterwards it is free."""
    with held(server, holder="the first"):
        assert holder_of(server) == "the first"
        with pytest.raises(ViewsHeld, match=r"the first .*yiping views unlock"), held(server):
            pass
        assert holder_of(server) == "the first"

    assert holder_of(server) is None


def test_a_failure_lets_go_of_it(server: Warehouse) -> None:
    """A job that ends with an error is over."""
    with pytest.raises(WarehouseFailed), held(server):
        server.command("DROP TABLE nowhere")

    assert holder_of(server) is None


def test_a_lock_that_was_taken_away_is_not_given_back(server: Warehouse) -> None:
    """Broken by an operator and taken by another: the first leaves it alone."""
    with held(server, holder="the first"):
        break_lock(server)
        taken = held(server, holder="the second")
        taken.__enter__()

    assert holder_of(server) == "the second"
    taken.__exit__(None, None, None)
    assert holder_of(server) is None


def test_an_answer_that_was_lost_is_ours(through_proxy: str, proxy: Proxy) -> None:
    """The server took the lock for us and could not say so."""
    with connect(through_proxy) as warehouse:
        proxy.fail(Fault.CUT_AFTER, on=b"CREATE TABLE views_lock")
        with held(warehouse, holder="the first"):
            assert holder_of(warehouse) == "the first"
    assert proxy.hits == 1


def test_a_writer_cannot_take_it(
    clickhouse: ClickHouse, clickhouse_database: str, server: Warehouse
) -> None:
    """Whoever may not change tables is refused by the server, not told that somebody holds it."""
    dsn = clickhouse.dsn("writer", database=clickhouse_database)
    with connect(dsn) as writer, pytest.raises(WarehouseFailed) as failed, held(writer):
        pass

    assert failed.value.number == 392


def test_an_engine_in_the_process_needs_none(empty_warehouse: Warehouse) -> None:
    """Its folder has one process, and a kill leaves nothing to break."""
    with held(empty_warehouse):
        assert holder_of(empty_warehouse) is None


def test_two_jobs_at_once(server: Warehouse, through_proxy: str, proxy: Proxy) -> None:
    """The second is turned away while the first is at it, and finds nothing to do later."""
    proxy.fail(Fault.DELAY, on=MIDDLE, delay_s=60)
    with connect(through_proxy) as first, ThreadPoolExecutor(1) as pool:
        applying = pool.submit(apply, first)
        proxy.wait_hits(1)
        with pytest.raises(ViewsHeld):
            apply(server)
        assert pending(server)
        proxy.heal()
        assert {step.view.name for step in applying.result()} == {file.name for file in load()}

    assert apply(server) == []
    assert holder_of(server) is None


def test_a_job_killed_in_the_middle(
    dsn: str, through_proxy: str, proxy: Proxy, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It leaves the lock; an operator breaks it by the command named, and the next job ends it."""
    proxy.fail(Fault.HANG, on=MIDDLE)
    job = subprocess.Popen(
        [sys.executable, "-m", "services", "views", "apply", "--data", str(tmp_path)],
        env={**os.environ, "YIPING_WAREHOUSE": through_proxy},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    proxy.wait_hits(1)
    job.kill()
    job.wait()
    with pytest.raises(ViewsHeld, match=f"process {job.pid} on"):
        commands.apply_views(dsn)

    assert lock.BREAKING == "yiping views unlock"
    assert commands.unlock_views(dsn) == 0
    assert f"taken from process {job.pid} on" in capsys.readouterr().out
    assert commands.apply_views(dsn) == 0
    assert commands.plan_views(dsn) == 0
    assert "0 steps" in capsys.readouterr().err
    assert commands.unlock_views(dsn) == 0
    assert "nobody holds the lock" in capsys.readouterr().out


def test_apply_makes_the_database(clickhouse: ClickHouse, names: Iterator[str]) -> None:
    """The job that makes the views makes their database too."""
    dsn = clickhouse.dsn(database=f"made_{next(names)}")
    assert commands.apply_views(dsn) == 0

    with connect(dsn) as warehouse:
        assert pending(warehouse) == []


@pytest.mark.parametrize("statement", ["_MAKE_ROWS", "_TAKE_ROW", "_ROW_HOLDER", "_DROP_ROW"])
def test_the_engine_reads_the_lock_of_a_cluster(empty_warehouse: Warehouse, statement: str) -> None:
    """Keeper is not here, but each is a statement of ClickHouse's own grammar."""
    text = getattr(lock, statement)
    if statement == "_MAKE_ROWS":
        text = text.format(table="views_lock", cluster="c", database="d")
    ((read,),) = empty_warehouse.rows("SELECT formatQuery({sql:String})", {"sql": text})

    assert "views_lock" in read


def test_keeper_takes_a_row_once(empty_warehouse: Warehouse) -> None:
    """The engine knows the setting that makes an insert of a standing key fail."""
    assert empty_warehouse.rows(
        "SELECT count() FROM system.settings WHERE name = 'keeper_map_strict_mode'"
    ) == [(1,)]
    assert empty_warehouse.rows(
        "SELECT count() FROM system.table_engines WHERE name = 'KeeperMap'"
    ) == [(1,)]


def test_events_are_made_anew_on_a_server(dsn: str, server: Warehouse) -> None:
    """All tables stand again, filled from the event store; nobody holds the lock."""
    entries = list(islice(province(8, per_day=100), 300))
    apply(server)
    assert commands.rebuild_view(dsn, "events", MemoryLog(entries)) == 0

    assert pending(server) == []
    assert list(check(server, entries, total=len(entries)).listed) == []
    assert holder_of(server) is None
