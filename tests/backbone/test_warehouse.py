"""The warehouse beside its contract (tests/contracts/test_warehouse.py): what a DSN opens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.backbone.errors import SettingInvalid, WarehouseFailed
from services.backbone.warehouse import Warehouse, connect, make_database
from services.backbone.warehouse_chdb import ENGINE
from tests.support.clickhouse import ClickHouse


def test_the_engine_is_kept_small(empty_warehouse: Warehouse) -> None:
    """The engine really takes the limits that are asked of it."""
    limits = dict(empty_warehouse.rows("SELECT name, value FROM system.server_settings"))

    assert {name: limits[name] for name in ENGINE} == ENGINE


def test_a_second_folder_is_refused(empty_warehouse: Warehouse, tmp_path: Path) -> None:
    """One process can hold one folder."""
    assert empty_warehouse.rows("SELECT 1") == [(1,)]
    with pytest.raises(WarehouseFailed):
        connect(f"chdb://{tmp_path / 'other'}")


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://x/y",
        "nonsense",
        "chdb:///tmp/x?database=a-b",
        "clickhouse://h/a;b",
        "clickhouse://h/a?answer_s=soon",
        "clickhouse://h/a?compression=rar",
        "clickhouse://h/a?max threads=1",
    ],
)
def test_a_dsn_of_another_kind_is_refused(dsn: str) -> None:
    """What can't be a warehouse is named as the setting that it came from."""
    with pytest.raises(SettingInvalid, match="YIPING_WAREHOUSE"):
        connect(dsn)


def test_a_server_that_is_not_there_is_a_failure() -> None:
    """An unreachable server is the warehouse's failure, not a crash."""
    with pytest.raises(WarehouseFailed):
        connect("clickhouse://user:word@127.0.0.1:1/yiping")


def test_a_missing_database_is_named(clickhouse: ClickHouse) -> None:
    """Nobody makes a database by merely opening it; the error says who does."""
    with pytest.raises(WarehouseFailed, match=r"no database nowhere.*yiping views apply"):
        connect(clickhouse.dsn(database="nowhere"))


def test_a_database_is_made_once(clickhouse: ClickHouse, names: Iterator[str]) -> None:
    """Making it again changes nothing."""
    dsn = clickhouse.dsn(database=f"made_{next(names)}")
    for _ in range(2):
        make_database(dsn)

    with connect(dsn) as warehouse:
        assert warehouse.rows("SELECT 1") == [(1,)]


def test_a_wrong_password_is_refused(clickhouse: ClickHouse) -> None:
    """The failure has the server's number and repeats no password."""
    with pytest.raises(WarehouseFailed) as failed:
        connect(f"clickhouse://reader:WRONG-WORD@127.0.0.1:{clickhouse.port}/yiping")

    assert failed.value.number == 516
    assert "WRONG-WORD" not in str(failed.value)


def test_settings_of_the_dsn_hold_for_queries(
    clickhouse: ClickHouse, clickhouse_database: str
) -> None:
    """What is no option of ours is a setting of every query and command."""
    dsn = clickhouse.dsn(database=clickhouse_database, options="max_rows_to_read=3&answer_s=20")
    with connect(dsn) as warehouse, pytest.raises(WarehouseFailed) as failed:
        warehouse.rows("SELECT max(number) FROM numbers(1000)")

    assert failed.value.number == 158
