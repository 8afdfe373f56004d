"""What a relay keeps beside an event store: that it alone relays, and how far it has come.

Two relays at once would do no harm, only twice the work; cursors are saved after delivery, so
what was delivered last may be delivered again.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec
import psycopg

from services.backbone.errors import StoreUnavailable
from services.backbone.postgres_connections import Connection, connect, lost
from services.backbone.postgres_errors import mapped_errors
from services.backbone.postgres_store import PostgresEventStore

FILE_POLL_S = 0.05
"""Nobody wakes whoever reads an SQLite file that another process writes to."""


class RelayPlace(Protocol):
    """The port."""

    def take(self) -> bool:
        """Whether this process is the one that relays; raises StoreUnavailable."""
        ...

    def cursor(self, log: str) -> dict[str, int]:
        """How far each node was delivered to a log; raises StoreUnavailable."""
        ...

    def save_cursor(self, log: str, positions: Mapping[str, int]) -> None:
        """Make it durable; raises StoreUnavailable, also where another may relay by now."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Block until something may have been appended; False when time ran out."""
        ...

    def close(self) -> None:
        """Let another one relay."""
        ...


class FilePlace:
    """Beside an SQLite file: a lock and a small file of JSON, replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "relay.json"
        self._lock: int | None = None
        self._closed = threading.Event()

    def take(self) -> bool:
        """The kernel lets go of the lock when the process ends."""
        if self._lock is not None:
            return True
        try:
            handle = os.open(self._folder / "relay.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreUnavailable("the folder of the event store cannot be written") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._lock = handle
        return True

    def cursor(self, log: str) -> dict[str, int]:
        """How far each node was delivered to a log."""
        return self._all().get(log, {})

    def save_cursor(self, log: str, positions: Mapping[str, int]) -> None:
        """Written beside, synced, then put in place of the old one."""
        cursors = self._all()
        cursors[log] = cursors.get(log, {}) | dict(positions)
        fresh = self._file.with_suffix(".fresh")
        try:
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(cursors, order="deterministic"))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._file)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StoreUnavailable("the relay's cursor cannot be written") from error

    def _all(self) -> dict[str, dict[str, int]]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, dict[str, int]])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreUnavailable(f"{self._file} cannot be read") from error

    def wait(self, timeout_s: float) -> bool:
        """Look again after a short while."""
        self._closed.wait(min(timeout_s, FILE_POLL_S))
        return not self._closed.is_set()

    def close(self) -> None:
        """Let another one relay."""
        self._closed.set()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class PostgresPlace:
    """In the event store's database: an advisory lock, its table of cursors, its notifications."""

    def __init__(self, dsn: str, store: PostgresEventStore) -> None:
        self._dsn = dsn
        self._store = store
        self._lease: Connection | None = None

    def take(self) -> bool:
        """The lock lives and dies with a connection of its own."""
        if self._lease is not None and not lost(self._lease):
            return True
        self.close()
        with mapped_errors():
            connection = connect(self._dsn)
            try:
                row = connection.execute(
                    "SELECT pg_try_advisory_lock(hashtextextended('yiping relay', 0))"
                ).fetchone()
            except psycopg.Error:
                connection.close()
                raise
        if row != (True,):
            connection.close()
            return False
        self._lease = connection
        return True

    def cursor(self, log: str) -> dict[str, int]:
        """How far each node was delivered to a log."""
        return self._store.cursor(log)

    def save_cursor(self, log: str, positions: Mapping[str, int]) -> None:
        """In the table; it never goes back."""
        if self._lease is None or lost(self._lease):
            raise StoreUnavailable("the relay's lease on the event store was lost")
        self._store.save_cursor(log, positions)

    def wait(self, timeout_s: float) -> bool:
        """PostgreSQL tells each commit."""
        return self._store.wait(timeout_s)

    def close(self) -> None:
        """Let another one relay."""
        if self._lease is not None:
            # The server may take its time to see that a connection was closed.
            with suppress(psycopg.Error):
                self._lease.execute("SELECT pg_advisory_unlock_all()")
            self._lease.close()
            self._lease = None
