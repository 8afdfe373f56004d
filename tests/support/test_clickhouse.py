"""The stand-in for a ClickHouse server does what tests rely on."""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import clickhouse_connect
import pytest

from services.backbone.errors import WarehouseFailed
from services.backbone.warehouse import Warehouse, connect, make_database
from tests.support.clickhouse import ClickHouse

TABLE = "CREATE TABLE facts (id UInt64) ENGINE = MergeTree ORDER BY id"


def ask(
    server: ClickHouse, path: str, data: bytes | None = None, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of an answer, as a client that is not ours sees them."""
    known = {"X-ClickHouse-User": "migrator", "X-ClickHouse-Key": "migrates-for-tests"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(f"http://127.0.0.1:{server.port}{path}", data, known | named)
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310 -- loopback
            return answer.status, answer.read(), dict(answer.headers)
    except HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def as_user(server: ClickHouse, database: str, user: str) -> Warehouse:
    """A client of one of the three users."""
    return connect(server.dsn(user, database=database))


def test_it_answers_a_ping(clickhouse: ClickHouse) -> None:
    """Without a name, as the real one."""
    assert ask(clickhouse, "/ping")[:2] == (200, b"Ok.\n")


def test_a_query_may_stand_in_the_address_or_the_body(clickhouse: ClickHouse) -> None:
    """With parameters, a format, settings and an id of its own."""
    path = (
        "/?query=SELECT+%7Bn:UInt8%7D+AS+n+FORMAT+JSONEachRow&param_n=7&query_id=q1&max_threads=1"
    )
    in_address = ask(clickhouse, path)
    in_body = ask(clickhouse, "/?param_n=7", b"SELECT {n:UInt8} AS n FORMAT JSONEachRow")

    assert in_address[:2] == in_body[:2] == (200, b'{"n":7}\n')
    assert in_address[2]["X-ClickHouse-Query-Id"] == "q1"
    assert in_address[2]["X-ClickHouse-Format"] == "JSONEachRow"
    assert "read_rows" in in_address[2]["X-ClickHouse-Summary"]


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        (b"SELEC", 400, "62"),
        (b"SELECT * FROM nowhere", 404, "60"),
        (b"SELECT throwIf(1)", 500, "395"),
    ],
)
def test_an_error_has_its_number_and_status(
    clickhouse: ClickHouse, sql: bytes, status: int, code: str
) -> None:
    """As ClickHouse maps them."""
    answered, body, headers = ask(clickhouse, "/", sql)

    assert (answered, headers["X-ClickHouse-Exception-Code"]) == (status, code)
    assert body.startswith(b"Code: " + code.encode())


def test_a_get_may_write_nothing(clickhouse: ClickHouse, clickhouse_database: str) -> None:
    """Whoever asks."""
    status, _, headers = ask(
        clickhouse, f"/?database={clickhouse_database}&query=CREATE+TABLE+t+(a+Int8)+ENGINE=Memory"
    )

    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "164")


def test_an_unknown_user_is_refused(clickhouse: ClickHouse) -> None:
    """With 403 and the number of a failed authentication."""
    status, _, headers = ask(clickhouse, "/", b"SELECT 1", X_ClickHouse_User="nobody")

    assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "516")


def test_a_reader_writes_nothing(clickhouse: ClickHouse, clickhouse_database: str) -> None:
    """The engine itself refuses it, also after the reader tried to lift its bounds."""
    with as_user(clickhouse, clickhouse_database, "migrator") as migrator:
        migrator.command(TABLE)
    with as_user(clickhouse, clickhouse_database, "reader") as reader:
        for statement in (TABLE.replace("facts", "other"), "TRUNCATE TABLE facts"):
            with pytest.raises(WarehouseFailed) as failed:
                reader.command(statement)
            assert failed.value.number == 164
        with pytest.raises(WarehouseFailed):
            reader.insert_json("facts", b'{"id":1}')
        with pytest.raises(WarehouseFailed):
            reader.rows("SELECT 1 SETTINGS readonly = 0")
        assert reader.rows("SELECT count() FROM facts") == [(0,)]


def test_a_writer_inserts_but_changes_no_table(
    clickhouse: ClickHouse, clickhouse_database: str
) -> None:
    """Rows go in; CREATE, DROP, TRUNCATE and EXCHANGE are refused by the engine."""
    with as_user(clickhouse, clickhouse_database, "migrator") as migrator:
        migrator.command(TABLE)
        migrator.command(TABLE.replace("facts", "other"))
    with as_user(clickhouse, clickhouse_database, "writer") as writer:
        writer.insert_json("facts", b'{"id":1}')
        for statement in ("DROP TABLE facts", "TRUNCATE TABLE facts", "CREATE DATABASE x",
                          "EXCHANGE TABLES facts AND other"):  # fmt: skip
            with pytest.raises(WarehouseFailed) as failed:
                writer.command(statement)
            assert failed.value.number == 392
        assert writer.rows("SELECT id FROM facts") == [(1,)]


@pytest.mark.parametrize("packing", ["lz4", "zstd", "gzip"])
def test_bodies_may_be_packed(
    clickhouse: ClickHouse, clickhouse_database: str, packing: str
) -> None:
    """Inserts in columns (Native, in chunks) and answers, as clickhouse-connect packs them."""
    client = clickhouse_connect.get_client(
        host="127.0.0.1",
        port=clickhouse.port,
        username="migrator",
        password="migrates-for-tests",
        database=clickhouse_database,
        compress=packing,
        autogenerate_session_id=False,
    )
    client.command("CREATE TABLE facts (id UInt64, name String) ENGINE = MergeTree ORDER BY id")
    rows = [(n, "警情" * (n % 50)) for n in range(20_000)]
    client.insert("facts", rows, column_names=["id", "name"])

    assert client.query("SELECT * FROM facts ORDER BY id").result_rows == rows
    client.close()


def test_what_is_packed_otherwise_is_refused(clickhouse: ClickHouse) -> None:
    """With a number, not with a broken connection."""
    broken_off = gzip.compress(b"SELECT 1")[:-9]
    for encoding, body in (("lz4", b"no lz4"), ("gzip", broken_off), ("rar", b"SELECT 1")):
        status, _, headers = ask(clickhouse, "/", body, Content_Encoding=encoding)
        assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "271")


def test_what_was_written_outlives_a_kill(tmp_path: Path) -> None:
    """kill -9, the same port again, the same rows; a client goes on with it."""
    server = ClickHouse(tmp_path / "data").start()
    make_database(server.dsn())
    with connect(server.dsn()) as warehouse:
        warehouse.command(TABLE)
        warehouse.insert_json("facts", b'{"id":1}')
        server.kill()
        with pytest.raises(WarehouseFailed) as failed:
            warehouse.rows("SELECT id FROM facts")
        assert failed.value.temporary
        server.start()
        assert warehouse.rows("SELECT id FROM facts") == [(1,)]
    server.stop()
    assert server.process is None


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    """When its input is closed, as it is when the tests are killed."""
    server = ClickHouse(tmp_path / "data").start()
    assert server.process is not None
    assert server.process.stdin is not None
    server.process.stdin.close()

    assert server.process.wait(30) == 0
    server.stop()
