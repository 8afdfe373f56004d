"""The warehouse: ClickHouse, in the process (chDB) or over HTTP, behind one DSN.

``chdb:///FOLDER?OPTION=VALUE`` runs the engine in this process; options are the engine's own
server settings and ``database``.  One process can hold one folder, one folder one process.
``clickhouse://USER:PASSWORD@HOST:PORT/DATABASE`` speaks HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from services.backbone.errors import SettingInvalid, WarehouseFailed

DATABASE = "yiping"

# What one folder's engine may take: its own defaults are those of a whole server.
ENGINE = {
    "max_server_memory_usage": "1200000000",
    "mark_cache_size": "67108864",
    "primary_index_cache_size": "33554432",
    "index_mark_cache_size": "4194304",
    "uncompressed_cache_size": "0",
    "query_condition_cache_size": "8388608",
    "compiled_expression_cache_size": "16777216",
    "background_pool_size": "2",
}

SESSION: dict[str, Any] = {
    "async_insert": 0,
    # Defaults of today's engine, said for servers with older ones.
    "date_time_input_format": "best_effort",
    "input_format_skip_unknown_fields": 1,
    # Else a query would get one thread for each free GiB: one, with the bounds above.
    "max_threads_min_free_memory_per_thread": 67_108_864,
    "max_insert_threads_min_free_memory_per_thread": 67_108_864,
    # A block of the log becomes one part in each table.
    "max_insert_threads": 1,
    # Exactly once comes from keys; insert tokens can lose a block (see docs).
    "insert_deduplicate": 0,
    "deduplicate_blocks_in_dependent_materialized_views": 0,
    # Merging rows on insert costs as much as all else, and FINAL does it anyway.
    "optimize_on_insert": 0,
    # A block of 10,000 records is parsed on all cores instead of one.
    "min_chunk_bytes_for_parallel_parsing": 2_000_000,
}

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Parameters = Mapping[str, Any]


class Warehouse:
    """One client.  Its calls are serialised: open one for writing and others for reading."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def database(self) -> str:
        """The database in which all tables stand."""
        return self._client.database or DATABASE

    def insert_json(self, table: str, ndjson: bytes) -> None:
        """Insert lines of JSON as one block into ``table`` and all views that follow it.

        Raises WarehouseFailed; then any part of the block may stand, and the same block can
        be inserted again.
        """
        with _failures(quote=False):
            self._client.raw_insert(table, insert_block=ndjson, fmt="JSONEachRow")

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The answer's rows; moments are aware and UTC.

        ``{name:Type}`` in the query stands for a parameter.  Raises WarehouseFailed.
        """
        with _failures():
            answer = self._client.query(sql, parameters=_bound(parameters))
            return [tuple(row) for row in answer.result_rows]

    def records(self, sql: str, parameters: Parameters | None = None) -> list[dict[str, Any]]:
        """The answer's rows by column name.  Raises WarehouseFailed."""
        with _failures():
            return list(self._client.query(sql, parameters=_bound(parameters)).named_results())

    def json_rows(self, sql: str, parameters: Parameters | None = None) -> bytes:
        """The answer as lines of JSON, moments in ISO form.  Raises WarehouseFailed."""
        with _failures():
            return self._client.raw_query(
                f"{sql}\nSETTINGS date_time_output_format = 'iso',"
                " output_format_json_quote_64bit_integers = 0",
                parameters=_bound(parameters),
                fmt="JSONEachRow",
            )

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """Run a statement that answers nothing.  Raises WarehouseFailed."""
        with _failures():
            self._client.command(sql, parameters=_bound(parameters))

    def close(self) -> None:
        """Let go of the engine or connection; the last one to let go stops an engine."""
        self._client.close()


def connect(dsn: str) -> Warehouse:
    """Open a client; the database is made when it is not there.

    Raises SettingInvalid for a DSN of another kind and WarehouseFailed when the warehouse
    cannot be reached, or another process holds its folder.
    """
    parts = urlsplit(dsn)
    with _failures():
        if parts.scheme == "chdb":
            return Warehouse(_engine(unquote(parts.path), dict(parse_qsl(parts.query))))
        if parts.scheme in ("clickhouse", "clickhouses"):
            return Warehouse(_server(dsn))
    raise SettingInvalid("YIPING_WAREHOUSE", parts.scheme, "chdb:///FOLDER or clickhouse://…")


def _engine(path: str, options: dict[str, str]) -> Client:
    database = _database(options.pop("database", DATABASE))
    Path(path).mkdir(parents=True, exist_ok=True)
    client = clickhouse_connect.get_client(
        interface="chdb",
        path=path,
        chdb_options={**ENGINE, **options},
        settings=SESSION,
        tz_mode="aware",
    )
    # chDB's own default database cannot exchange tables.
    client.command(f"CREATE DATABASE IF NOT EXISTS {database} ENGINE = Atomic")
    client.database = database
    return client


def _server(dsn: str) -> Client:
    parts = urlsplit(dsn)
    database = _database(parts.path.strip("/") or DATABASE)
    client = clickhouse_connect.get_client(
        host=parts.hostname or "localhost",
        port=parts.port or 8123,
        username=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        secure=parts.scheme == "clickhouses",
        settings=SESSION,
        autogenerate_session_id=False,
        tz_mode="aware",
    )
    client.command(f"CREATE DATABASE IF NOT EXISTS {database}")
    client.database = database
    return client


def _database(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise SettingInvalid("YIPING_WAREHOUSE", name, "a plain database name")
    return name


@contextmanager
def _failures(*, quote: bool = True) -> Iterator[None]:
    """Map the client's errors; ``quote`` says whether their text may be repeated.

    The text of a failed insert quotes the record, which must not reach a log.
    """
    try:
        yield
    except ClickHouseError as error:
        code = getattr(error, "code", None)
        reason = str(error) if quote else getattr(error, "name", None) or "insert failed"
        raise WarehouseFailed(code, reason) from None


def _bound(parameters: Parameters | None) -> dict[str, Any] | None:
    if parameters is None:
        return None
    return {name: _value(value) for name, value in parameters.items()}


def _value(value: Any) -> Any:
    """Moments keep their microseconds, which the client's own binding would cut."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_element(one) for one in value]
    return value


def _element(value: Any) -> Any:
    """An element of an array; a tuple stays one."""
    return tuple(map(_value, value)) if isinstance(value, tuple) else _value(value)
