"""The event store of the embedded mode: one SQLite file in WAL mode, synced at every commit.

The facts lie in the tables of eventsourcing's own recorders (eventsourcing.sqlite), one for
each node; whatever belongs to the same commit joins their transaction.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteCursor

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
from services.backbone.sqlite_errors import mapped_errors
from services.backbone.sqlite_tables import (
    ADD_SETTLED,
    READER_CACHE_KIB,
    TABLES,
    WRITER_CACHE_KIB,
    NodeRecorder,
    datastore,
    table_of,
)

VARIABLES = 900
PAGE_ROWS = 2_000
QUARANTINE_PAGE_BYTES = 8 * 1024 * 1024
READ_BYTES = 32 * 1024 * 1024
_BEGIN_NODE = "INSERT INTO nodes (node, position, received_at, root) VALUES (?, 0, '', '')"


class SQLiteEventStore:
    """The adapter; one process writes, any number of threads read."""

    def __init__(self, path: Path, *, write: bool = True) -> None:
        """Open the file; with ``write`` this process alone may commit.

        Raises StoreHeld where another one does, StoreMissing where there is nothing to read.
        """
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.exists():
            raise StoreMissing(str(path))
        self._held = _hold(path) if write else None
        # One connection writes, and reads for the writer, so that its cache stays good.
        self._writing = datastore(path, size=1, cache_kib=WRITER_CACHE_KIB)
        self._reading = datastore(path, size=4, cache_kib=READER_CACHE_KIB)
        self._recorders: dict[str, NodeRecorder] = {}
        if write:
            self._make_tables()

    def _make_tables(self) -> None:
        try:
            with mapped_errors(), self._writing.transaction(commit=True) as cursor:
                for statement in TABLES:
                    cursor.execute(statement)
                cursor.execute("SELECT 1 FROM pragma_table_info('nodes') WHERE name='settled'")
                if cursor.fetchone() is None:
                    cursor.execute(ADD_SETTLED)
        except StoreUnavailable:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._reading.close()
        self._writing.close()
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def hold(self) -> int:
        """The file was taken when it was opened, and nobody can take it away."""
        if self._held is None:
            raise StoreUnavailable("the event store was opened for reading, or closed")
        return 1

    def commit(self, commit: Commit) -> None:
        """Make it durable, all or nothing; raises StoreFull or StoreUnavailable."""
        with self._transaction() as cursor:
            self._insert(cursor, commit)

    def settle(self, node: str, moment: str) -> None:
        """Make durable that nothing received up to ``moment`` will get a later position."""
        with self._transaction() as cursor:
            self._begin(cursor, node)
            cursor.execute("UPDATE nodes SET settled=max(settled, ?) WHERE node=?", (moment, node))

    @contextmanager
    def _transaction(self) -> Iterator[SQLiteCursor]:
        try:
            with mapped_errors(), self._writing.transaction(commit=True) as cursor:
                yield cursor
        except StoreUnavailable:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        """Leave no transaction open: SQLite may keep it when COMMIT itself fails."""
        with mapped_errors(), self._writing.get_connection(commit=True) as connection:
            connection.rollback()

    def _insert(self, cursor: SQLiteCursor, commit: Commit) -> None:
        for head in commit.heads:
            self._insert_events(cursor, head, commit.events.get(head.node, []))
        cursor.executemany("INSERT INTO admitted VALUES (?, ?, ?, ?, ?)", commit.admitted)
        cursor.executemany(
            "INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            commit.quarantined,
        )
        cursor.executemany(
            "INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?, ?)",
            [(g.source, g.lowest, g.highest, _encode(g.missing), g.lost) for g in commit.gaps],
        )
        cursor.executemany(
            "UPDATE quarantine SET resent_as=? WHERE id=?",
            [(to, id_) for id_, to in commit.resent],
        )

    def _insert_events(
        self, cursor: SQLiteCursor, head: NodeHead, events: Sequence[StoredEvent]
    ) -> None:
        recorder = self._begin(cursor, head.node)
        recorder.insert_from(cursor, head.position - len(events) + 1, events)
        cursor.execute(
            "UPDATE nodes SET position=?, received_at=?, root=?, settled=max(settled, ?, ?)"
            " WHERE node=?",
            (
                head.position,
                head.received_at,
                head.root,
                head.received_at,
                head.settled,
                head.node,
            ),
        )
        cursor.execute(
            "INSERT OR REPLACE INTO anchors VALUES (?, ?, ?, ?)",
            (head.node, head.received_at[:10], head.position, head.root),
        )

    def _begin(self, cursor: SQLiteCursor, node: str) -> NodeRecorder:
        """The recorder of a node, with its table and its row."""
        recorder = self._recorders.get(node)
        if recorder is None:
            recorder = self._recorders[node] = NodeRecorder(self._writing, node)
        cursor.execute("SELECT 1 FROM nodes WHERE node=?", (node,))
        if cursor.fetchone() is None:
            recorder._create_table(cursor)
            cursor.execute(_BEGIN_NODE, (node,))
        return recorder

    def heads(self) -> dict[str, NodeHead]:
        """Each node's end, in the order in which the nodes were opened."""
        # A file from before `settled` that is only read has one column less.
        rows = self._rows("SELECT * FROM nodes ORDER BY opened")
        heads = [NodeHead(*row[1:]) for row in rows]
        return {h.node: h._replace(settled=h.settled or h.received_at) for h in heads}

    def anchors(self) -> list[Anchor]:
        """The running hash at the end of each day of each node."""
        return [Anchor(*row) for row in self._rows("SELECT * FROM anchors ORDER BY node, day")]

    def admitted(self, keys: Sequence[bytes]) -> dict[bytes, Admitted]:
        """Those of the keys under which an event was admitted."""
        rows = self._rows_in("SELECT * FROM admitted WHERE key IN ({})", keys)
        return {row[0]: Admitted(*row) for row in rows}

    def admitted_counts(self) -> dict[str, int]:
        """How many events were admitted to each node."""
        return dict(self._rows("SELECT node, count(*) FROM admitted GROUP BY node"))

    def streams(self, names: Sequence[str]) -> dict[str, list[bytes]]:
        """The stored bytes of each stream that exists, in the order of its versions."""
        found: dict[str, list[tuple[int, bytes]]] = {}
        for node in self.heads():
            for name, version, state in self._rows_in(
                f"SELECT originator_id, originator_version, state FROM {table_of(node)}"  # noqa: S608
                " WHERE originator_id IN ({})",
                names,
            ):
                found.setdefault(name, []).append((version, state))
        return {name: [state for _, state in sorted(rows)] for name, rows in found.items()}

    def gaps(self) -> list[SourceGaps]:
        """The gaps of every source that numbers its events."""
        return [
            SourceGaps(source, lowest, highest, _decode_ranges(missing), lost)
            for source, lowest, highest, missing, lost in self._rows("SELECT * FROM gaps")
        ]

    def quarantine(
        self, scope: str, after: tuple[str, str], limit: int
    ) -> tuple[list[Quarantined], bool]:
        """Quarantined events of organisations in the scope that were not resent, oldest first."""
        found: list[Quarantined] = []
        size = 0
        with mapped_errors(), self._reading.transaction(commit=False) as cursor:
            cursor.execute(
                "SELECT * FROM quarantine WHERE resent_as IS NULL AND (received_at, id) > (?, ?)"
                " AND org >= ? AND org < ? ORDER BY received_at, id LIMIT ?",
                (*after, scope, f"{scope}:", limit + 1),
            )
            while row := cursor.fetchone():
                if len(found) == limit or (found and size > QUARANTINE_PAGE_BYTES):
                    return found, True
                found.append(Quarantined(*row))
                size += len(found[-1].sealed)
        return found, False

    def quarantined(self, id_: str) -> Quarantined | None:
        """One quarantined event."""
        rows = self._rows("SELECT * FROM quarantine WHERE id=?", (id_,))
        return Quarantined(*rows[0]) if rows else None

    def read(self, node: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """(position, stored bytes) of a node's log, in order, later than ``after``."""
        return self._log("rowid, state", node, after, limit)

    def portion(self, node: str, after: int, limit: int) -> list[StoredRow]:
        """The next rows of a node's log, in order, later than ``after``."""
        return [
            StoredRow(*row)
            for row in self._log(
                "rowid, originator_id, originator_version, state", node, after, limit
            )
        ]

    def rows(self, node: str) -> Iterator[list[StoredRow]]:
        """A node's whole log in order, in parts."""
        after = 0
        while part := self.portion(node, after, PAGE_ROWS):
            yield part
            after = part[-1].position

    def _log(self, columns: str, node: str, after: int, limit: int) -> list[Any]:
        """Rows of a node's log; the stored bytes are the last of the columns."""
        found: list[Any] = []
        size = 0
        if node not in self.heads():
            return found
        with mapped_errors(), self._reading.transaction(commit=False) as cursor:
            cursor.execute(
                f"SELECT {columns} FROM {table_of(node)}"  # noqa: S608 - a checked node name
                " WHERE rowid > ? ORDER BY rowid LIMIT ?",
                (after, limit),
            )
            while size < READ_BYTES and (row := cursor.fetchone()):
                found.append(tuple(row))
                size += len(row[-1])
        return found

    def _rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with mapped_errors(), self._reading.transaction(commit=False) as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def _rows_in(self, statement: str, values: Sequence[Any]) -> list[Any]:
        """What the writer looks up before it inserts: on its own connection."""
        found: list[Any] = []
        with mapped_errors(), self._writing.transaction(commit=False) as cursor:
            for start in range(0, len(values), VARIABLES):
                part = values[start : start + VARIABLES]
                cursor.execute(statement.format(",".join("?" * len(part))), part)
                found += cursor.fetchall()
        return found


def _encode(ranges: tuple[tuple[int, int], ...]) -> str:
    return msgspec.json.encode(ranges).decode()


def _decode_ranges(text: str) -> tuple[tuple[int, int], ...]:
    return msgspec.json.decode(text, type=tuple[tuple[int, int], ...])


def _hold(path: Path) -> int:
    """Take the folder for this process; the kernel lets go of it when the process ends."""
    handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise StoreHeld(str(path.parent)) from error
    return handle
