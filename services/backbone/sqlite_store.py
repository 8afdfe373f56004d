"""The event store of the embedded mode: one SQLite file in WAL mode, synced at every commit.

The facts lie in the tables of eventsourcing's own recorders (eventsourcing.sqlite), one for
each node; whatever belongs to the same commit joins their transaction.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from services.backbone.errors import StoreHeld, StoreMissing, StoreUnavailable
from services.backbone.event_store import (
    NODE_NAME,
    Admitted,
    Anchor,
    Commit,
    NodeHead,
    Quarantined,
    SourceGaps,
    StoredRow,
)
from services.backbone.sqlite_errors import mapped_errors

VARIABLES = 900
PAGE_ROWS = 2_000
QUARANTINE_PAGE_BYTES = 8 * 1024 * 1024
READ_BYTES = 32 * 1024 * 1024
WRITER_CACHE_KIB = 64 * 1024
READER_CACHE_KIB = 4 * 1024
CHECKPOINT_PAGES = 16 * 1024
"""64 MiB: a page that changes with every commit goes to the file itself once in many."""

_TABLES = (
    "CREATE TABLE IF NOT EXISTS nodes ("
    " opened INTEGER PRIMARY KEY, node TEXT UNIQUE, position INTEGER, received_at TEXT, root TEXT)",
    "CREATE TABLE IF NOT EXISTS admitted ("
    " key BLOB PRIMARY KEY, node TEXT, position INTEGER, digest BLOB, sha256 BLOB) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS quarantine ("
    " id TEXT PRIMARY KEY, org TEXT, received_at TEXT, event_id TEXT, code TEXT, path TEXT,"
    " message TEXT, sealed BLOB, resent_as TEXT)",
    "CREATE INDEX IF NOT EXISTS quarantine_waiting ON quarantine (received_at, id)"
    " WHERE resent_as IS NULL",
    "CREATE TABLE IF NOT EXISTS gaps ("
    " source TEXT PRIMARY KEY, lowest INTEGER, highest INTEGER, missing TEXT, lost INTEGER)"
    " WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS anchors ("
    " node TEXT, day TEXT, position INTEGER, root TEXT, PRIMARY KEY (node, day)) WITHOUT ROWID",
)


class _Connections(SQLiteConnectionPool):
    """eventsourcing's pool, of connections that sync at every commit and cache so much."""

    cache_kib = READER_CACHE_KIB

    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA cache_size=-{self.cache_kib}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        return connection


class _NodeRecorder(SQLiteApplicationRecorder):
    """eventsourcing's recorder of one node; the rest of the commit joins its transaction."""

    def __init__(self, datastore: SQLiteDatastore, node: str) -> None:
        super().__init__(datastore, events_table_name=_table(node))
        self._insert_at = (
            f"INSERT INTO {self.events_table_name}"  # noqa: S608 - a checked node name
            " (rowid, originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?, ?)"
        )

    def insert_from(
        self, cursor: SQLiteCursor, first: int, stored_events: Sequence[StoredEvent]
    ) -> None:
        """Insert at the positions from ``first`` on; a position that is taken refuses all."""
        cursor.executemany(
            self._insert_at,
            [
                (first + n, e.originator_id, e.originator_version, e.topic, e.state)
                for n, e in enumerate(stored_events)
            ],
        )


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
        self._writing = _datastore(path, size=1, cache_kib=WRITER_CACHE_KIB)
        self._reading = _datastore(path, size=4, cache_kib=READER_CACHE_KIB)
        self._recorders: dict[str, _NodeRecorder] = {}
        if write:
            self._make_tables()

    def _make_tables(self) -> None:
        try:
            with mapped_errors(), self._writing.transaction(commit=True) as cursor:
                for statement in _TABLES:
                    cursor.execute(statement)
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

    def commit(self, commit: Commit) -> None:
        """Make it durable, all or nothing; raises StoreFull or StoreUnavailable."""
        try:
            with mapped_errors(), self._writing.transaction(commit=True) as cursor:
                self._insert(cursor, commit)
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
        recorder = self._recorders.get(head.node)
        if recorder is None:
            recorder = self._recorders[head.node] = _NodeRecorder(self._writing, head.node)
        cursor.execute("SELECT position FROM nodes WHERE node=?", (head.node,))
        if cursor.fetchone() is None:
            recorder._create_table(cursor)
            cursor.execute(
                "INSERT INTO nodes (node, position, received_at, root) VALUES (?, 0, '', '')",
                (head.node,),
            )
        recorder.insert_from(cursor, head.position - len(events) + 1, events)
        cursor.execute(
            "UPDATE nodes SET position=?, received_at=?, root=? WHERE node=?",
            (head.position, head.received_at, head.root, head.node),
        )
        cursor.execute(
            "INSERT OR REPLACE INTO anchors VALUES (?, ?, ?, ?)",
            (head.node, head.received_at[:10], head.position, head.root),
        )

    def heads(self) -> dict[str, NodeHead]:
        """Each node's end, in the order in which the nodes were opened."""
        rows = self._rows("SELECT node, position, received_at, root FROM nodes ORDER BY opened")
        return {row[0]: NodeHead(*row) for row in rows}

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
                f"SELECT originator_id, originator_version, state FROM {_table(node)}"  # noqa: S608
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
        if node not in self.heads():
            return []
        found: list[tuple[int, bytes]] = []
        size = 0
        with mapped_errors(), self._reading.transaction(commit=False) as cursor:
            cursor.execute(
                f"SELECT rowid, state FROM {_table(node)}"  # noqa: S608 - a checked node name
                " WHERE rowid > ? ORDER BY rowid LIMIT ?",
                (after, limit),
            )
            while size < READ_BYTES and (row := cursor.fetchone()):
                found.append((row[0], row[1]))
                size += len(row[1])
        return found

    def rows(self, node: str) -> Iterator[list[StoredRow]]:
        """A node's whole log in order, in parts."""
        after = 0
        while node in self.heads():
            part = [
                StoredRow(*row)
                for row in self._rows(
                    "SELECT rowid, originator_id, originator_version, state"  # noqa: S608
                    f" FROM {_table(node)} WHERE rowid > ? ORDER BY rowid LIMIT ?",
                    (after, PAGE_ROWS),
                )
            ]
            if not part:
                return
            yield part
            after = part[-1].position

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


def _datastore(path: Path, *, size: int, cache_kib: int) -> SQLiteDatastore:
    datastore = SQLiteDatastore(str(path), originator_id_type="text")
    connections = _Connections(
        db_name=str(path), lock_timeout=30, pool_size=size, max_overflow=3 * (size - 1)
    )
    connections.cache_kib = cache_kib
    datastore.pool = connections
    return datastore


def _table(node: str) -> str:
    if not NODE_NAME.fullmatch(node):
        raise ValueError(f"{node!r} is not a node name")
    return f"events_{node.replace('-', '_')}"


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
