"""What every warehouse promises, in the process or over HTTP."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone

import msgspec
import pytest

from services.backbone.errors import WarehouseFailed
from services.backbone.warehouse import Warehouse, connect
from tests.support.clickhouse import ClickHouse
from tests.support.warehouse import engine, warehouse_dsn

__all__ = ["engine", "warehouse_dsn"]

MOMENT = datetime(2026, 11, 23, 8, 30, 0, 123456, tzinfo=UTC)
CHINA = timezone(timedelta(hours=8))
LINE = b'{"id":%d,"name":"%s","at":"2026-11-23T08:30:00.123456Z"}'


def lines(count: int, name: bytes = b"a") -> bytes:
    """So many facts."""
    return b"\n".join(LINE % (n, name) for n in range(count))


class WarehouseContract(ABC):
    """The promises; a subclass says where an empty warehouse is."""

    @pytest.fixture
    @abstractmethod
    def dsn(self) -> str:
        """The DSN of an empty database."""

    @pytest.fixture
    def warehouse(self, dsn: str) -> Iterator[Warehouse]:
        """A client of an empty database."""
        with connect(dsn) as warehouse:
            yield warehouse

    @pytest.fixture
    def facts(self, warehouse: Warehouse) -> Warehouse:
        """A warehouse with one small table."""
        warehouse.command(
            "CREATE TABLE facts (id UInt64, name String, at DateTime64(6, 'UTC'))"
            " ENGINE = MergeTree ORDER BY id"
        )
        return warehouse

    def test_json_lines_go_in_and_rows_come_out(self, facts: Warehouse) -> None:
        """A block of lines is inserted as it is; moments come back aware, to the microsecond."""
        facts.insert_json(
            "facts",
            '{"id":1,"name":"一","at":"2026-11-23T16:30:00.123456+08:00"}\n'
            '{"id":2,"name":"二","at":"2026-11-23T08:30:00Z","unknown":[1]}'.encode(),
        )

        assert facts.rows("SELECT * FROM facts ORDER BY id") == [
            (1, "一", MOMENT),
            (2, "二", MOMENT.replace(microsecond=0)),
        ]

    def test_records_have_names(self, facts: Warehouse) -> None:
        """Rows can be had by column name."""
        facts.insert_json("facts", lines(1))

        assert facts.records("SELECT id, at FROM facts") == [{"id": 0, "at": MOMENT}]

    def test_json_rows_are_lines_of_json(self, facts: Warehouse) -> None:
        """Numbers stay numbers, and moments are ISO."""
        facts.insert_json("facts", lines(2, "警".encode()))

        assert facts.json_rows("SELECT * FROM facts WHERE id = {id:UInt64}", {"id": 1}) == (
            '{"id":1,"name":"警","at":"2026-11-23T08:30:00.123456Z"}\n'.encode()
        )

    def test_nothing_is_an_answer(self, facts: Warehouse) -> None:
        """A query that finds nothing answers nothing, in each form."""
        assert facts.rows("SELECT * FROM facts") == []
        assert facts.records("SELECT * FROM facts") == []
        assert facts.json_rows("SELECT * FROM facts") == b""

    @pytest.mark.parametrize(
        ("type_", "value", "expected"),
        [
            ("String", "'; DROP TABLE facts; --", "'; DROP TABLE facts; --"),
            ("String", "tab\tline\nquote'back\\slash", "tab\tline\nquote'back\\slash"),
            ("String", "警情 🚓", "警情 🚓"),
            ("String", "a&b=c?d#e%20+f", "a&b=c?d#e%20+f"),
            ("String", "", ""),
            ("Nullable(String)", None, None),
            ("DateTime64(6, 'UTC')", MOMENT, MOMENT),
            ("DateTime64(6, 'UTC')", MOMENT.astimezone(CHINA), MOMENT),
            ("Date", date(2026, 11, 23), date(2026, 11, 23)),
            ("Array(Date)", [date(2026, 11, 23)], [date(2026, 11, 23)]),
            ("Array(String)", ["a'b", "c\\", "一"], ["a'b", "c\\", "一"]),
            ("Array(String)", [], []),
            ("Array(Tuple(String, UInt32))", [("case/'1", 2)], [("case/'1", 2)]),
            ("Int64", -(2**62), -(2**62)),
            ("UInt64", 2**64 - 1, 2**64 - 1),
            ("Bool", True, True),
            ("Float64", 0.1, 0.1),
        ],
    )
    def test_parameters_are_bound(
        self, warehouse: Warehouse, type_: str, value: object, expected: object
    ) -> None:
        """Any value goes in as a value, never as SQL, and comes back the same."""
        assert warehouse.rows(f"SELECT {{value:{type_}}}", {"value": value}) == [(expected,)]

    def test_many_parameters_are_bound(self, warehouse: Warehouse) -> None:
        """More than fits into an address."""
        things = [("case", f"案-{n}") for n in range(5_000)]

        assert warehouse.rows(
            "SELECT length({things:Array(Tuple(String, String))}), {things:"
            "Array(Tuple(String, String))}[4999].2",
            {"things": things},
        ) == [(5_000, "案-4998")]

    def test_a_failed_insert_does_not_repeat_the_record(self, facts: Warehouse) -> None:
        """What stood in the record appears in no error; the number tells that it is the data."""
        with pytest.raises(WarehouseFailed) as failed:
            facts.insert_json("facts", b'{"id":1,"name":"SECRET NAME","at":"not a time"}')

        assert "SECRET" not in str(failed.value)
        assert failed.value.number in {6, 27, 38, 41, 117}
        assert not failed.value.temporary
        assert facts.rows("SELECT count() FROM facts") == [(0,)]

    def test_what_is_no_json_is_refused(self, facts: Warehouse) -> None:
        """So is a line that is no JSON at all."""
        with pytest.raises(WarehouseFailed) as failed:
            facts.insert_json("facts", lines(3) + b"\n\x00poison")

        assert failed.value.number in {26, 27, 117}

    @pytest.mark.parametrize(
        ("sql", "number"),
        [
            ("SELECT * FROM nowhere", 60),
            ("SELECT nothing FROM facts", 47),
            ("SELEC", 62),
            ("SELECT toUInt8('x')", 6),
            ("SELECT throwIf(1)", 395),
            ("SELECT {unknown:String}", 456),
        ],
    )
    def test_a_failed_query_says_why(self, facts: Warehouse, sql: str, number: int) -> None:
        """The engine's own words and number are kept."""
        with pytest.raises(WarehouseFailed, match="DB::Exception") as failed:
            facts.rows(sql)

        assert failed.value.number == number
        assert not failed.value.temporary

    def test_a_failed_command_says_why(self, warehouse: Warehouse) -> None:
        """So do statements that answer nothing."""
        with pytest.raises(WarehouseFailed, match="nowhere") as failed:
            warehouse.command("DROP TABLE nowhere")

        assert failed.value.number == 60

    def test_a_client_works_on_after_a_failure(self, facts: Warehouse) -> None:
        """A failure of any kind leaves nothing behind."""
        for broken in (b"nonsense", b'{"id":"x"}'):
            with pytest.raises(WarehouseFailed):
                facts.insert_json("facts", broken)
        facts.insert_json("facts", lines(2))

        assert facts.rows("SELECT count() FROM facts") == [(2,)]

    def test_a_big_block_is_one_part(self, facts: Warehouse) -> None:
        """10,000 records of a kilobyte, inserted as one, stand as one part."""
        facts.insert_json("facts", lines(10_000, b"x" * 1_000))

        assert facts.rows("SELECT count(), sum(length(name)) FROM facts") == [(10_000, 10_000_000)]
        assert facts.rows(
            "SELECT count() FROM system.parts WHERE table = 'facts' AND active"
            " AND database = currentDatabase()"
        ) == [(1,)]

    def test_a_big_answer_comes_whole(self, warehouse: Warehouse) -> None:
        """Some tens of megabytes in one answer."""
        rows = warehouse.rows("SELECT number, repeat('一', 100) FROM numbers(50000)")

        assert len(rows) == 50_000
        assert rows[-1] == (49_999, "一" * 100)

    def test_the_same_block_can_be_inserted_twice(self, facts: Warehouse) -> None:
        """The warehouse itself drops no block as a repetition: keys do, where they are wanted."""
        for _ in range(2):
            facts.insert_json("facts", lines(10))

        assert facts.rows("SELECT count() FROM facts") == [(20,)]

    def test_a_view_takes_each_block(self, facts: Warehouse) -> None:
        """What an insert feeds stands when the insert is answered."""
        facts.command("CREATE TABLE sums (total UInt64) ENGINE = MergeTree ORDER BY total")
        facts.command(
            "CREATE MATERIALIZED VIEW sums_feed TO sums AS SELECT sum(id) AS total FROM facts"
        )
        facts.insert_json("facts", lines(5))

        assert facts.rows("SELECT total FROM sums") == [(10,)]

    def test_two_clients_see_the_same_data(self, facts: Warehouse, dsn: str) -> None:
        """One writes, another reads, in one process."""
        facts.insert_json("facts", lines(1))
        with connect(dsn) as other:
            assert other.rows("SELECT count() FROM facts") == [(1,)]

    def test_one_client_serves_fifty_at_once(self, facts: Warehouse) -> None:
        """Each of fifty threads gets the answer to its own question, while another writes."""
        stop = threading.Event()

        def write() -> int:
            written = 0
            while not stop.is_set():
                facts.insert_json("facts", lines(10))
                written += 10
            return written

        def ask(n: int) -> int:
            ((answer,),) = facts.rows("SELECT {n:UInt32} + 0 * count() FROM facts", {"n": n})
            return int(answer)

        with ThreadPoolExecutor(51) as pool:
            writing = pool.submit(write)
            answers = list(pool.map(ask, range(200)))
            stop.set()

        assert answers == list(range(200))
        assert facts.rows("SELECT count() FROM facts") == [(writing.result(),)]

    def test_each_line_keeps_its_own(self, facts: Warehouse) -> None:
        """What a record held comes back as JSON to the byte."""
        name = '引号" 反斜杠\\ 换行\n 制表\t 车🚓 nul\u0000'
        record = {"id": 7, "name": name, "at": "2026-11-23T08:30:00.000001Z"}
        facts.insert_json("facts", msgspec.json.encode(record))

        assert msgspec.json.decode(facts.json_rows("SELECT * FROM facts")) == record


class TestEngineInProcess(WarehouseContract):
    """chDB."""

    @pytest.fixture
    def dsn(self, warehouse_dsn: str) -> str:
        """A database of the module's engine."""
        return warehouse_dsn


class TestOverHTTP(WarehouseContract):
    """clickhouse-connect over HTTP, before the stand-in of tests/support/clickhouse."""

    @pytest.fixture
    def dsn(self, clickhouse: ClickHouse, clickhouse_database: str) -> str:
        """A database of the shared server."""
        return clickhouse.dsn(database=clickhouse_database)


class TestPackedOverHTTP(WarehouseContract):
    """The same, with blocks and answers packed."""

    @pytest.fixture
    def dsn(self, clickhouse: ClickHouse, clickhouse_database: str) -> str:
        """A database of the shared server."""
        return clickhouse.dsn(database=clickhouse_database, options="compression=lz4")
