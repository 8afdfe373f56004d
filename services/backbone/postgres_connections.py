"""Connections to PostgreSQL: every wait has an end, and a lost one gives way to a fresh one."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from services.backbone.errors import SettingInvalid, StoreUnavailable
from services.backbone.postgres_errors import mapped_errors

Connection = psycopg.Connection[tuple[Any, ...]]

PREFIXES = ("postgresql://", "postgres://")
CONNECTIONS = 16
CONNECTION_WAIT_S = 30.0
_LIBPQ: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "yiping",
}
"""libpq's own settings: a peer that is silently gone is noticed within seconds."""
_SESSION = {
    "statement_timeout": "60s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    # The server, too, notices a client whose machine is gone, and frees what it held.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
    # Every lookup here has its index; statistics of a fast-growing table lag behind it.
    "enable_seqscan": "off",
    "jit": "off",
    "timezone": "UTC",
}


def is_postgres(dsn: str) -> bool:
    """Whether a DSN names a PostgreSQL database."""
    return dsn.startswith(PREFIXES)


def parameters_of(setting: str, dsn: str) -> dict[str, Any]:
    """What libpq reads in a DSN; raises SettingInvalid, without its password."""
    try:
        found = conninfo_to_dict(dsn) if is_postgres(dsn) else None
    except psycopg.Error:
        found = None
    if found is None:
        raise SettingInvalid(setting, dsn, "postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return found


def place_of(dsn: str) -> str:
    """Host, port and database, as may be shown to anyone."""
    found = parameters_of("YIPING_EVENT_STORE", dsn)
    host, port = found.get("host", "localhost"), found.get("port", 5432)
    return f"{host}:{port}/{found.get('dbname', '')}"


def connect(
    dsn: str, *, autocommit: bool = True, session: Mapping[str, str] = MappingProxyType({})
) -> Connection:
    """A fresh connection whose waits have an end and whose commits are durable.

    ``session`` adds settings of the server for it; what the DSN itself sets goes before all.
    Raises StoreUnavailable.
    """
    settings: dict[str, Any] = _LIBPQ | parameters_of("YIPING_EVENT_STORE", dsn)
    told = {**_SESSION, **session}
    options = " ".join(f"-c {name}={value}" for name, value in told.items())
    settings["options"] = f"{options} {settings.get('options') or ''}".strip()
    with mapped_errors():
        connection = psycopg.connect(**settings, autocommit=True)
        try:
            connection.execute(
                "SELECT set_config('synchronous_commit', 'on', false)"
                " WHERE current_setting('synchronous_commit') = 'off'"
            )
            connection.autocommit = autocommit
        except psycopg.Error:
            connection.close()
            raise
    return connection


def lost(connection: Connection) -> bool:
    """Whether an idle connection is of no use any more: closed here, or by the server."""
    if connection.closed or connection.broken:
        return True
    # An idle server says nothing; what can be read is the end, or its announcement.
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class Connections:
    """Idle connections at hand for reading, in autocommit; safe to share by threads."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._idle: list[Connection] = []
        self._room = threading.BoundedSemaphore(CONNECTIONS)
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """One connection for the block; raises StoreUnavailable, also for errors within."""
        if not self._room.acquire(timeout=CONNECTION_WAIT_S):
            raise StoreUnavailable("all connections to the event store are in use")
        try:
            with mapped_errors():
                connection = self._take()
                try:
                    yield connection
                except BaseException:
                    # Nobody knows in which state it is.
                    connection.close()
                    raise
                self._put_back(connection)
        finally:
            self._room.release()

    def _take(self) -> Connection:
        if self._closed:
            raise StoreUnavailable("the event store was closed")
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if not lost(connection):
                    return connection
                connection.close()
        return connect(self._dsn)

    def _put_back(self, connection: Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    def close(self) -> None:
        """Let go of all that are idle; those in use follow."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
