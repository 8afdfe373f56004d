"""The event store of a cluster: a PostgreSQL database.

The facts lie in the tables of eventsourcing's own recorders (eventsourcing.postgres), one for
each node.  Positions are given here, one after the other, under a lock on the node's row: they
have no holes and become visible in their order, so that whoever tails a log passes nothing over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Self

import msgspec
import psycopg
from psycopg.sql import SQL, Composed, Identifier

from services.backbone.errors import StoreHeld, StoreMissing, StoreUnavailable
from services.backbone.event_store import (
    Admitted,
    Anchor,
    Commit,
    NodeHead,
    Quarantined,
    SourceGaps,
    StoredRow,
)
from services.backbone.postgres_commit import insert, settle
from services.backbone.postgres_connections import Connection, Connections, connect, place_of
from services.backbone.postgres_errors import mapped_errors
from services.backbone.postgres_hold import HeldByAnother, Hold, has_tables
from services.backbone.postgres_tables import CHANNEL, NodeTables, table_of
from services.backbone.postgres_text import kept, told

PAGE_ROWS = 2_000
QUARANTINE_PAGE_BYTES = 8 * 1024 * 1024
READ_BYTES = 32 * 1024 * 1024
CHUNK_ROWS = 64
"""Rows that come together: the more the faster, and the more that a large one takes along."""


class PostgresEventStore:
    """The adapter; one process writes, any number of processes and threads read."""

    def __init__(self, dsn: str, *, write: bool = True, standby: bool = False) -> None:
        """Open the database; with ``write`` this process alone may commit.

        Raises StoreHeld where another one does, StoreMissing where there is nothing to read.
        With ``standby`` nothing is asked of the database yet: ``hold`` tells whether this
        process may commit, whenever it is asked.
        """
        self._place = place_of(dsn)
        self._dsn = dsn
        self._reading = Connections(dsn)
        self._listening: Connection | None = None
        self._listens = threading.Lock()
        self._hold = Hold(dsn) if write else None
        self._tables = NodeTables(dsn)
        try:
            if self._hold is not None and not standby:
                self.hold()
            elif self._hold is None:
                self._check_there()
        except HeldByAnother as error:
            self.close()
            raise StoreHeld(self._place) from error
        except BaseException:
            self.close()
            raise

    def _check_there(self) -> None:
        with self._reading.one() as connection:
            there = has_tables(connection)
        if not there:
            raise StoreMissing(self._place)

    def close(self) -> None:
        """Let go of the database."""
        if self._hold is not None:
            self._hold.close()
        self._tables.close()
        self._reading.close()
        with self._listens:
            self._listen_no_more()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def hold(self) -> int:
        """Be the only writer; the number changes where others may have written in between.

        Raises StoreUnavailable, also while another process is the writer.
        """
        with self._writing():
            return self._hold.tenure if self._hold else 0

    def _writing(self) -> AbstractContextManager[Connection]:
        if self._hold is None:
            raise StoreUnavailable("the event store was opened for reading")
        return self._hold.taken()

    def commit(self, commit: Commit) -> None:
        """Make it durable, all or nothing.

        Raises StoreFull or StoreUnavailable, and StoreUncertain where the connection was lost
        while PostgreSQL committed.
        """
        with self._writing() as connection:
            insert(connection, commit, self._tables)

    def settle(self, node: str, moment: str) -> None:
        """Make durable that nothing received up to ``moment`` will get a later position."""
        with self._writing() as connection:
            settle(connection, node, moment, self._tables)

    def heads(self) -> dict[str, NodeHead]:
        """Each node's end, in the order in which the nodes were opened."""
        rows = self._rows(
            "SELECT node, position, received_at, root, settled FROM nodes ORDER BY opened"
        )
        return {row[0]: NodeHead(*row) for row in rows}

    def anchors(self) -> list[Anchor]:
        """The running hash at the end of each day of each node."""
        return [Anchor(*row) for row in self._rows("SELECT * FROM anchors ORDER BY node, day")]

    def admitted(self, keys: Sequence[bytes]) -> dict[bytes, Admitted]:
        """Those of the keys under which an event was admitted."""
        if not keys:
            return {}
        rows = self._rows("SELECT * FROM admitted WHERE key = ANY(%b)", (list(keys),))
        return {row[0]: Admitted(*row) for row in rows}

    def admitted_counts(self) -> dict[str, int]:
        """How many events were admitted to each node."""
        return dict(self._rows("SELECT node, count(*) FROM admitted GROUP BY node"))

    def streams(self, names: Sequence[str]) -> dict[str, list[bytes]]:
        """The stored bytes of each stream that exists, in the order of its versions."""
        found: dict[str, list[tuple[int, bytes]]] = {}
        wanted = [kept(name) for name in names]
        for node in self.heads() if wanted else ():
            for name, version, state in self._rows(
                _in(
                    "SELECT originator_id, originator_version, state FROM {}"
                    " WHERE originator_id = ANY(%b)",
                    node,
                ),
                (wanted,),
            ):
                found.setdefault(told(name), []).append((version, state))
        return {name: [state for _, state in sorted(rows)] for name, rows in found.items()}

    def gaps(self) -> list[SourceGaps]:
        """The gaps of every source that numbers its events."""
        return [
            SourceGaps(source, lowest, highest, _ranges(missing), lost)
            for source, lowest, highest, missing, lost in self._rows("SELECT * FROM gaps")
        ]

    def quarantine(
        self, scope: str, after: tuple[str, str], limit: int
    ) -> tuple[list[Quarantined], bool]:
        """Quarantined events of organisations in the scope that were not resent, oldest first."""
        found: list[Quarantined] = []
        size = 0
        with self._streamed(
            "SELECT * FROM quarantine WHERE resent_as IS NULL AND (received_at, id) > (%s, %s)"
            " AND org >= %s AND org < %s ORDER BY received_at, id LIMIT %s",
            (*after, scope, f"{scope}:", limit + 1),
            chunk_rows=1,
        ) as rows:
            for row in rows:
                if len(found) == limit or (found and size > QUARANTINE_PAGE_BYTES):
                    return found, True
                found.append(_quarantined(row))
                size += len(found[-1].sealed)
        return found, False

    def quarantined(self, id_: str) -> Quarantined | None:
        """One quarantined event."""
        rows = self._rows("SELECT * FROM quarantine WHERE id=%s", (kept(id_),))
        return _quarantined(rows[0]) if rows else None

    def read(self, node: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """(position, stored bytes) of a node's log, in order, later than ``after``."""
        return self._log("SELECT notification_id, state FROM {}", node, after, limit)

    def portion(self, node: str, after: int, limit: int) -> list[StoredRow]:
        """The next rows of a node's log, in order, later than ``after``."""
        return [
            StoredRow(position, told(stream), version, stored)
            for position, stream, version, stored in self._log(
                "SELECT notification_id, originator_id, originator_version, state FROM {}",
                node,
                after,
                limit,
            )
        ]

    def rows(self, node: str) -> Iterator[list[StoredRow]]:
        """A node's whole log in order, in parts."""
        after = 0
        while part := self.portion(node, after, PAGE_ROWS):
            yield part
            after = part[-1].position

    def _log(self, select: str, node: str, after: int, limit: int) -> list[Any]:
        """Rows whose first column is the position and whose last one is the stored bytes."""
        found: list[Any] = []
        size = 0
        statement = _in(
            select + " WHERE notification_id > %s ORDER BY notification_id LIMIT %s", node
        )
        with self._streamed(statement, (after, limit), chunk_rows=CHUNK_ROWS) as rows:
            for row in rows:
                found.append(row)
                size += len(row[-1])
                if size > READ_BYTES:
                    break
        return found

    def cursor(self, name: str) -> dict[str, int]:
        """How far a reader that goes by this name has come on each node."""
        return dict(self._rows("SELECT node, position FROM cursors WHERE name=%s", (name,)))

    def save_cursor(self, name: str, positions: Mapping[str, int]) -> None:
        """Note how far that reader has come; it never goes back."""
        with self._reading.one() as connection:
            connection.cursor().executemany(
                "INSERT INTO cursors AS c VALUES (%s, %s, %s) ON CONFLICT (name, node)"
                " DO UPDATE SET position = greatest(c.position, excluded.position)",
                [(name, node, position) for node, position in sorted(positions.items())],
            )

    def wait(self, timeout_s: float) -> bool:
        """Block until a commit has appended something since the last call; False out of time.

        The first call, and the first one after a connection was lost, answer True at once.
        Raises StoreUnavailable, at once where nobody answers.
        """
        with self._listens, mapped_errors():
            if self._listening is None:
                self._listening = connect(self._dsn)
                self._listening.execute(SQL("LISTEN {}").format(Identifier(CHANNEL)))
                return True
            try:
                for _ in self._listening.notifies(timeout=timeout_s, stop_after=1):
                    return True
            except psycopg.Error:
                self._listen_no_more()
                raise
            return False

    def _listen_no_more(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def _rows(self, statement: Any, parameters: Sequence[Any] = ()) -> list[Any]:
        with self._reading.one() as connection, connection.cursor(binary=True) as cursor:
            return cursor.execute(statement, parameters).fetchall()

    @contextmanager
    def _streamed(
        self, statement: Any, parameters: Sequence[Any], *, chunk_rows: int
    ) -> Iterator[Iterator[Any]]:
        """Rows as they come, so that large ones need not all be held; none without a table."""
        with self._reading.one() as connection, connection.cursor() as cursor:
            rows = cursor.stream(statement, parameters, binary=True, size=chunk_rows)
            try:
                yield rows
            except psycopg.errors.UndefinedTable:
                return
            finally:
                rows.close()  # type: ignore[attr-defined] # a generator, typed as an iterator


def _in(statement: str, node: str) -> Composed:
    """A statement on the table of a node."""
    return SQL(statement).format(Identifier(table_of(node)))


def _quarantined(row: Sequence[Any]) -> Quarantined:
    found = Quarantined(*row)
    return found._replace(
        event_id=None if found.event_id is None else told(found.event_id),
        path=told(found.path),
        message=told(found.message),
    )


def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    return msgspec.json.decode(text, type=tuple[tuple[int, int], ...])
