"""``yiping views …`` as functions."""

from itertools import islice

import pytest

from services.backbone.warehouse import connect
from services.projector.commands import (
    apply_views,
    check_views,
    entries_of,
    list_views,
    plan_views,
    rebuild_view,
    refeed_views,
)
from services.projector.errors import UnknownView
from tests.support.memory_log import MemoryLog
from tests.support.projecting import contents
from tests.support.records import province

ENTRIES = list(islice(province(8, per_day=200, at_once=20), 500))


@pytest.fixture
def log() -> MemoryLog:
    """A log of some days."""
    return MemoryLog(ENTRIES)


def test_a_plan_prints_sql_and_changes_nothing(
    warehouse_dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What would run can be read, and pasted."""
    assert plan_views(warehouse_dsn) == 0
    first = capsys.readouterr()
    assert plan_views(warehouse_dsn) == 0

    assert capsys.readouterr() == first
    assert "CREATE TABLE IF NOT EXISTS events\n(" in first.out
    assert "CREATE MATERIALIZED VIEW IF NOT EXISTS flows_feed TO flows AS" in first.out


def test_apply_does_what_the_plan_says(
    warehouse_dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """After ``apply`` the plan is empty."""
    assert apply_views(warehouse_dsn) == 0
    assert "create events\n" in capsys.readouterr().out
    plan_views(warehouse_dsn)

    assert capsys.readouterr().out == ""


def test_list_tells_how_each_view_stands(
    warehouse_dsn: str, log: MemoryLog, capsys: pytest.CaptureFixture[str]
) -> None:
    """Name, state, rows and purpose, whether there is a warehouse yet or not."""
    assert list_views(warehouse_dsn) == 0
    assert "missing" in capsys.readouterr().out
    check_views(warehouse_dsn, log, 500)
    capsys.readouterr()
    list_views(warehouse_dsn)
    out = capsys.readouterr().out

    lines = [line.split() for line in out.splitlines()[1:]]
    assert {line[1] for line in lines} == {"applied"}
    (arrivals,) = (line for line in lines if line[0] == "arrivals")
    assert arrivals[2] == "500"


def test_check_takes_in_the_log_and_finds_nothing(
    warehouse_dsn: str, log: MemoryLog, capsys: pytest.CaptureFixture[str]
) -> None:
    """Views that have not yet seen the log catch up first, as at a start."""
    assert check_views(warehouse_dsn, log, 500) == 0
    heard = capsys.readouterr()

    assert heard.out == ""
    assert "500 records, 0 differences" in heard.err


def test_check_prints_differences_and_fails(
    warehouse_dsn: str, log: MemoryLog, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each difference is a line; the exit code tells a script."""
    check_views(warehouse_dsn, log, 500)
    client = connect(warehouse_dsn)
    client.command("ALTER TABLE arrivals DELETE WHERE position = 3 SETTINGS mutations_sync = 2")
    client.close()
    capsys.readouterr()

    assert check_views(warehouse_dsn, log, 500) == 1
    heard = capsys.readouterr()
    assert heard.out.startswith("arrivals (rows, checksum): main/2026-11-16: expected (")
    assert "500 records, 1 differences" in heard.err


@pytest.mark.parametrize("name", ["events", "flows", "keyframes", "things", "case"])
def test_rebuild_gives_the_same(warehouse_dsn: str, log: MemoryLog, name: str) -> None:
    """Any view can be thrown away and made again."""
    check_views(warehouse_dsn, log, 500)
    client = connect(warehouse_dsn)
    tables = ("events", "flows", "keyframes", "things", "states", "case")
    before = {table: contents(client, table) for table in tables}
    assert rebuild_view(warehouse_dsn, name, log) == 0

    assert {table: contents(client, table) for table in tables} == before
    client.close()
    assert check_views(warehouse_dsn, log, 500) == 0


@pytest.mark.parametrize("name", ["nothing", "checkpoints", "migrations"])
def test_what_cannot_be_rebuilt_is_refused(warehouse_dsn: str, log: MemoryLog, name: str) -> None:
    """The error lists what can be."""
    with pytest.raises(UnknownView, match="flows"):
        rebuild_view(warehouse_dsn, name, log)


def test_entries_come_node_by_node(log: MemoryLog) -> None:
    """The whole log, page by page."""
    load = [e._replace(node="load-a") for e in ENTRIES[:30]]
    log.append(load)

    assert list(entries_of(log, page=7)) == [*ENTRIES, *load]


def test_a_refeed_tells_what_it_did(
    warehouse_dsn: str, log: MemoryLog, capsys: pytest.CaptureFixture[str]
) -> None:
    """How much, what of it was no record, which holes; days that it closes get keyframes."""
    apply_views(warehouse_dsn)
    capsys.readouterr()
    assert refeed_views(warehouse_dsn, log) == 0
    assert refeed_views(warehouse_dsn, log) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "records" in line]

    assert said == [
        "500 records, 0 set aside, holes mended in: none",
        "0 records, 0 set aside, holes mended in: none",
    ]
    assert check_views(warehouse_dsn, log, 500) == 0
