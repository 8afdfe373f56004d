"""The warehouse: ClickHouse, in the process (chDB) or over HTTP, behind one DSN.

``chdb:///FOLDER?OPTION=VALUE`` runs the engine in this process; options are the engine's own
server settings and ``database``.  One process can hold one folder, one folder one process.
``clickhouse://USER:PASSWORD@HOST:PORT/DATABASE`` speaks HTTP.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.compression import get_compressor

from services.backbone.errors import SettingInvalid, WarehouseFailed
from services.backbone.warehouse_chdb import engine_client
from services.backbone.warehouse_errors import UNKNOWN_DATABASE, failures
from services.backbone.warehouse_http import (
    Patience,
    Server,
    client_of,
    connections,
    disconnect,
    server_of,
)

DATABASE = "yiping"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Parameters = Mapping[str, Any]


class Warehouse:
    """One way into a warehouse.

    Over HTTP any number of threads may use it at once, each query on a connection of its own,
    and reads are tried again after a passing failure.  In the process its calls are serialised:
    open one for writing and others for reading.
    """

    def __init__(
        self,
        client: Client,
        *,
        patience: Patience | None = None,
        patient: Callable[[], Client] | None = None,
        compression: str | None = None,
        closed: Callable[[], None] | None = None,
        shared: bool = False,
    ) -> None:
        """``patient`` makes a client for statements that may take long; ``closed`` comes last."""
        self.shared = shared
        """Whether other processes may be at work in it."""
        self._client = client
        self._patience = patience or Patience(attempts=1)
        self._make_patient = patient
        self._patient: Client | None = None
        self._compression = compression
        self._closed = closed
        self._lock = threading.Lock()

    @property
    def database(self) -> str:
        """The database in which all tables stand."""
        return self._client.database or DATABASE

    def insert_json(self, table: str, ndjson: bytes) -> None:
        """Insert lines of JSON as one block into ``table`` and all views that follow it.

        Raises WarehouseFailed; then any part of the block may stand, and the same block can
        be inserted again.
        """
        with failures(quote=False):
            self._client.raw_insert(
                table,
                insert_block=_pack(ndjson, self._compression),
                fmt="JSONEachRow",
                compression=self._compression,
            )

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The answer's rows; moments are aware and UTC.

        ``{name:Type}`` in the query stands for a parameter.  Raises WarehouseFailed.
        """
        return self._patience.read(lambda: self._rows(sql, parameters))

    def records(self, sql: str, parameters: Parameters | None = None) -> list[dict[str, Any]]:
        """The answer's rows by column name.  Raises WarehouseFailed."""
        return self._patience.read(lambda: self._records(sql, parameters))

    def json_rows(self, sql: str, parameters: Parameters | None = None) -> bytes:
        """The answer as lines of JSON, moments in ISO form.  Raises WarehouseFailed."""
        return self._patience.read(lambda: self._json_rows(sql, parameters))

    def command(
        self, sql: str, parameters: Parameters | None = None, *, patient: bool = False
    ) -> None:
        """Run a statement that answers nothing; ``patient`` for one that may take minutes.

        Raises WarehouseFailed; then the statement may still have been carried out.
        """
        with failures():
            client = self._patient_client() if patient else self._client
            client.command(sql, parameters=_bound(parameters))

    def close(self) -> None:
        """Let go of the engine or connection; the last one to let go stops an engine."""
        self._client.close()
        if self._closed is not None:
            self._closed()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, sql: str, parameters: Parameters | None) -> list[tuple[Any, ...]]:
        with failures():
            answer = self._client.query(sql, parameters=_bound(parameters))
            return [tuple(row) for row in answer.result_rows]

    def _records(self, sql: str, parameters: Parameters | None) -> list[dict[str, Any]]:
        with failures():
            return list(self._client.query(sql, parameters=_bound(parameters)).named_results())

    def _json_rows(self, sql: str, parameters: Parameters | None) -> bytes:
        with failures():
            return self._client.raw_query(
                sql,
                parameters=_bound(parameters),
                fmt="JSONEachRow",
            )

    def _patient_client(self) -> Client:
        if self._make_patient is None:
            return self._client
        with self._lock:
            if self._patient is None:
                self._patient = self._make_patient()
            return self._patient


def connect(dsn: str) -> Warehouse:
    """Open a warehouse; the database of a chDB folder is made when it is not there.

    Raises SettingInvalid for a DSN of another kind, and WarehouseFailed when the warehouse
    cannot be reached, another process holds its folder, or a server has no such database.
    """
    parts = urlsplit(dsn)
    if parts.scheme == "chdb":
        with failures():
            options = dict(parse_qsl(parts.query))
            database = _database(options.pop("database", DATABASE))
            return Warehouse(engine_client(unquote(parts.path), database, options))
    return _open(_server(dsn))


def make_database(dsn: str, cluster: str = "") -> None:
    """Make the database of a server, on every server of ``cluster`` if there is one.

    For a user who may; one in the process is made by ``connect``.  Raises WarehouseFailed.
    """
    if urlsplit(dsn).scheme == "chdb":
        return
    server = _server(dsn)
    pool = connections(server)
    everywhere = f" ON CLUSTER '{cluster}'" if cluster else ""
    try:
        with failures():
            client_of(server, pool, server.command_s).command(
                f"CREATE DATABASE IF NOT EXISTS {server.database}{everywhere}"
            )
    finally:
        disconnect(pool)


def _server(dsn: str) -> Server:
    scheme = urlsplit(dsn).scheme
    if scheme not in ("clickhouse", "clickhouses"):
        raise SettingInvalid("YIPING_WAREHOUSE", scheme, "chdb:///FOLDER or clickhouse://…")
    return server_of(dsn, lambda name: _database(name or DATABASE))


def _open(server: Server) -> Warehouse:
    pool = connections(server)

    def client(timeout_s: int) -> Client:
        made = client_of(server, pool, timeout_s)
        made.database = server.database
        return made

    try:
        with failures():
            first = client(server.answer_s)
            first.command("SELECT 1")
    except WarehouseFailed as error:
        disconnect(pool)
        if error.number == UNKNOWN_DATABASE:
            reason = f"there is no database {server.database}; `yiping views apply` makes it"
            raise WarehouseFailed(error.number, reason) from None
        raise
    return Warehouse(
        first,
        patience=Patience(attempts=server.attempts, within_s=server.answer_s),
        patient=lambda: client(server.command_s),
        compression=server.compression,
        closed=lambda: disconnect(pool),
        shared=True,
    )


def _database(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise SettingInvalid("YIPING_WAREHOUSE", name, "a plain database name")
    return name


def _pack(block: bytes, compression: str | None) -> bytes:
    if compression is None:
        return block
    packer = get_compressor(compression)
    packed = bytes(packer.compress_block(block))
    return packed + bytes(packer.flush() or b"")  # type: ignore[no-untyped-call]  # it has none


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
