"""The warehouse port on a real chDB."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from services.backbone.errors import SettingInvalid, WarehouseFailed
from services.backbone.warehouse import Warehouse, connect
from services.backbone.warehouse_chdb import ENGINE

MOMENT = datetime(2026, 11, 23, 8, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def facts(empty_warehouse: Warehouse) -> Warehouse:
    """A warehouse with one small table."""
    empty_warehouse.command(
        "CREATE TABLE facts (id UInt64, name String, at DateTime64(6, 'UTC'))"
        " ENGINE = MergeTree ORDER BY id"
    )
    return empty_warehouse


def test_json_lines_go_in_and_rows_come_out(facts: Warehouse) -> None:
    """A block of lines is inserted as it is; moments come back aware, to the microsecond."""
    facts.insert_json(
        "facts",
        '{"id":1,"name":"一","at":"2026-11-23T16:30:00.123456+08:00"}\n'
        '{"id":2,"name":"二","at":"2026-11-23T08:30:00Z"}'.encode(),
    )

    assert facts.rows("SELECT * FROM facts ORDER BY id") == [
        (1, "一", MOMENT),
        (2, "二", MOMENT.replace(microsecond=0)),
    ]


def test_records_have_names(facts: Warehouse) -> None:
    """Rows can be had by column name."""
    facts.insert_json("facts", b'{"id":1,"name":"a","at":"2026-11-23T08:30:00.123456Z"}')

    assert facts.records("SELECT id, at FROM facts") == [{"id": 1, "at": MOMENT}]


def test_json_rows_are_lines_of_json(facts: Warehouse) -> None:
    """Numbers stay numbers, and moments are ISO."""
    facts.insert_json("facts", b'{"id":1,"name":"a","at":"2026-11-23T08:30:00.123456Z"}')

    assert facts.json_rows("SELECT * FROM facts WHERE id = {id:UInt64}", {"id": 1}) == (
        b'{"id":1,"name":"a","at":"2026-11-23T08:30:00.123456Z"}\n'
    )


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("String", "'; DROP TABLE facts; --", "'; DROP TABLE facts; --"),
        ("String", "tab\tline\nquote'back\\slash", "tab\tline\nquote'back\\slash"),
        ("String", "警情 🚓", "警情 🚓"),
        ("DateTime64(6, 'UTC')", MOMENT, MOMENT),
        ("DateTime64(6, 'UTC')", MOMENT.astimezone(timezone(timedelta(hours=8))), MOMENT),
        ("Array(String)", ["a'b", "c"], ["a'b", "c"]),
        ("Int64", -(2**62), -(2**62)),
    ],
)
def test_parameters_are_bound(
    empty_warehouse: Warehouse, type_: str, value: object, expected: object
) -> None:
    """Any value goes in as a value, never as SQL, and comes back the same."""
    assert empty_warehouse.rows(f"SELECT {{value:{type_}}}", {"value": value}) == [(expected,)]


def test_a_failed_insert_does_not_repeat_the_record(facts: Warehouse) -> None:
    """What stood in the record appears in no error."""
    with pytest.raises(WarehouseFailed) as failed:
        facts.insert_json("facts", b'{"id":1,"name":"SECRET NAME","at":"not a time"}')

    assert "SECRET" not in str(failed.value)
    assert failed.value.number is not None


def test_a_failed_query_says_why(empty_warehouse: Warehouse) -> None:
    """The engine's own words and number are kept."""
    with pytest.raises(WarehouseFailed, match="nowhere") as failed:
        empty_warehouse.rows("SELECT * FROM nowhere")

    assert failed.value.number == 60


def test_a_failed_command_says_why(empty_warehouse: Warehouse) -> None:
    """So do statements that answer nothing."""
    with pytest.raises(WarehouseFailed, match="nowhere"):
        empty_warehouse.command("DROP TABLE nowhere")


def test_two_clients_see_the_same_data(facts: Warehouse, warehouse_dsn: str) -> None:
    """A reading client sees at once what the writing one inserted."""
    reader = connect(warehouse_dsn)
    facts.insert_json("facts", b'{"id":7,"name":"a","at":"2026-11-23T08:30:00Z"}')

    assert reader.rows("SELECT id FROM facts") == [(7,)]
    assert reader.database == facts.database
    reader.close()


def test_a_client_may_be_used_by_many_threads(facts: Warehouse) -> None:
    """Calls of several threads on one client are serialised, and all succeed."""
    answers: list[int] = []

    def ask(number: int) -> None:
        answers.extend(n for (n,) in facts.rows("SELECT {n:UInt8}", {"n": number}))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(answers) == list(range(8))


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
    "dsn", ["postgresql://x/y", "nonsense", "chdb:///tmp/x?database=a-b", "clickhouse://h/a;b"]
)
def test_a_dsn_of_another_kind_is_refused(dsn: str) -> None:
    """What can't be a warehouse is named as the setting that it came from."""
    with pytest.raises(SettingInvalid, match="YIPING_WAREHOUSE"):
        connect(dsn)


def test_a_server_that_is_not_there_is_a_failure() -> None:
    """An unreachable server is the warehouse's failure, not a crash."""
    with pytest.raises(WarehouseFailed):
        connect("clickhouse://user:word@127.0.0.1:1/yiping")
