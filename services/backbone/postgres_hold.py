"""The one connection that may write: it carries the lock that makes this process the only writer.

The lock lives and dies with the connection that every commit goes through, so whoever can commit
holds it; a process that was cut off, stopped or forgotten cannot.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.pq import TransactionStatus

from services.backbone.errors import StoreUnavailable
from services.backbone.postgres_connections import Connection, connect, lost
from services.backbone.postgres_errors import mapped_errors
from services.backbone.postgres_tables import TABLES

_HOLD = 0x797069_6E67
"""Key of the advisory lock, one for each database: the letters of the product's name."""


_SESSION = {"idle_session_timeout": "60s"}
"""A writer says something every second; one that hangs for long gives way to another."""


class HeldByAnother(StoreUnavailable):
    """Another process holds the event store."""


class Hold:
    """Takes the lock when asked, and again after it was lost."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Connection | None = None
        self._one_at_a_time = threading.RLock()
        self._closed = False
        self.tenure = 0
        """Counts the times that the lock was taken: between two, others may have written."""

    @contextmanager
    def taken(self) -> Iterator[Connection]:
        """The writing connection, not in autocommit, within a transaction that begins by itself.

        What was not committed in the block is rolled back.  Raises HeldByAnother and
        StoreUnavailable.
        """
        with self._one_at_a_time, mapped_errors():
            connection = self._current() or self._take()
            try:
                yield connection
            finally:
                self._roll_back(connection)

    def _current(self) -> Connection | None:
        if self._connection is not None and lost(self._connection):
            self._drop()
        return self._connection

    def _take(self) -> Connection:
        if self._closed:
            raise StoreUnavailable("the event store was closed")
        connection = connect(self._dsn, autocommit=False, session=_SESSION)
        try:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_HOLD,)).fetchone()
            if row != (True,):
                raise HeldByAnother("another process writes to the event store")
            if not has_tables(connection):
                _make_tables(connection)
            connection.commit()
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self.tenure += 1
        return connection

    def _roll_back(self, connection: Connection) -> None:
        with suppress(psycopg.Error):
            connection.rollback()
        if connection.info.transaction_status != TransactionStatus.IDLE:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Let go of the lock."""
        with self._one_at_a_time:
            self._closed = True
            if self._connection is not None:
                # The server may take its time to see that a connection was closed.
                with suppress(psycopg.Error):
                    self._connection.execute("SELECT pg_advisory_unlock(%s)", (_HOLD,))
            self._drop()


def _make_tables(connection: Connection) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreUnavailable(f"the database keeps texts in {encoding}; make one in UTF8")
    for statement in TABLES:
        connection.execute(statement)


def has_tables(connection: Connection) -> bool:
    """Whether an event store was begun in this database."""
    row = connection.execute("SELECT to_regclass('nodes') IS NOT NULL").fetchone()
    return row == (True,)
