"""The event store: eventsourcing's recorders, one notification log for each node.

A commit is one durable transaction: the facts, what was admitted under which id, what was
quarantined, the sources' gaps and each node's running hash stand together or not at all.
This module holds the port and the SQLite adapter (eventsourcing.sqlite).
"""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
from eventsourcing.persistence import OperationalError, PersistenceError, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore

from services.backbone.errors import StoreFull, StoreHeld, StoreUnavailable

LIVE_NODE = "main"
NODE_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
VARIABLES = 900


class Admitted(NamedTuple):
    """Where an event that was admitted under an idempotency key stands."""

    key: bytes
    node: str
    position: int
    digest: bytes
    """What the event said, keyed: tells a resent event from a changed one."""
    sha256: bytes
    """Of the stored bytes: names an altered event even at the end of its stream."""


class Quarantined(NamedTuple):
    """An event that was refused, kept whole (``sealed``) for its sender."""

    id: str
    org: str
    received_at: str
    event_id: str | None
    code: str
    path: str
    message: str
    sealed: bytes
    resent_as: str | None = None


class SourceGaps(NamedTuple):
    """The sequence numbers of one source: lowest and highest seen, ranges that are missing."""

    source: str
    lowest: int
    highest: int
    missing: tuple[tuple[int, int], ...]


class NodeHead(NamedTuple):
    """The end of a node's log: last position, last received_at, running hash over all records."""

    node: str
    position: int
    received_at: str
    root: str


class Commit(msgspec.Struct):
    """What one transaction makes durable."""

    events: dict[str, list[StoredEvent]]
    heads: list[NodeHead]
    admitted: list[Admitted]
    quarantined: list[Quarantined]
    gaps: list[SourceGaps]
    resent: list[tuple[str, str]]
    """(quarantine id, node/position) of quarantined events that were mended and taken in."""


class EventStore(Protocol):
    """The truth."""

    def commit(self, commit: Commit) -> None:
        """Make it durable, all or nothing; raises StoreFull or StoreUnavailable."""
        ...

    def heads(self) -> dict[str, NodeHead]:
        """Each node's end, in the order in which the nodes were opened."""
        ...

    def admitted(self, keys: Sequence[bytes]) -> dict[bytes, Admitted]:
        """Those of the keys under which an event was admitted."""
        ...

    def streams(self, names: Sequence[str]) -> dict[str, list[bytes]]:
        """The stored bytes of each stream that exists, in the order of its versions."""
        ...

    def gaps(self) -> list[SourceGaps]:
        """The gaps of every source that numbers its events."""
        ...

    def quarantine(self, scope: str, after: str, limit: int) -> list[Quarantined]:
        """Quarantined events of organisations in the scope that were not resent, oldest first."""
        ...

    def quarantined(self, id_: str) -> Quarantined | None:
        """One quarantined event."""
        ...

    def read(self, node: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """(position, stored bytes) of a node's log, in order, later than ``after``."""
        ...


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


def _table(node: str) -> str:
    if not NODE_NAME.fullmatch(node):
        raise ValueError(f"{node!r} is not a node name")
    return f"events_{node.replace('-', '_')}"


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
    " source TEXT PRIMARY KEY, lowest INTEGER, highest INTEGER, missing TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS anchors ("
    " node TEXT, day TEXT, position INTEGER, root TEXT, PRIMARY KEY (node, day)) WITHOUT ROWID",
)


class SQLiteEventStore:
    """The embedded event store: one SQLite file in WAL mode, synced at every commit."""

    def __init__(self, path: Path, *, write: bool = True) -> None:
        """Open the file; with ``write`` this process alone may commit (raises StoreHeld)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._held = _hold(path) if write else None
        self._datastore = SQLiteDatastore(
            str(path), lock_timeout=30, originator_id_type="text", pool_size=4, max_overflow=16
        )
        self._recorders: dict[str, _NodeRecorder] = {}
        with self._datastore.transaction(commit=True) as cursor:
            for statement in _TABLES:
                cursor.execute(statement)

    def close(self) -> None:
        """Let go of the file."""
        self._datastore.close()
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _recorder(self, node: str) -> _NodeRecorder:
        if node not in self._recorders:
            self._recorders[node] = _NodeRecorder(self._datastore, node)
        return self._recorders[node]

    def commit(self, commit: Commit) -> None:
        """Make it durable, all or nothing; raises StoreFull or StoreUnavailable."""
        with _mapped_errors(), self._datastore.transaction(commit=True) as cursor:
            for head in commit.heads:
                self._insert_events(cursor, head, commit.events.get(head.node, []))
            cursor.executemany("INSERT INTO admitted VALUES (?, ?, ?, ?, ?)", commit.admitted)
            cursor.executemany(
                "INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                commit.quarantined,
            )
            cursor.executemany(
                "INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?)",
                [(g.source, g.lowest, g.highest, _encode(g.missing)) for g in commit.gaps],
            )
            cursor.executemany(
                "UPDATE quarantine SET resent_as=? WHERE id=?",
                [(to, id_) for id_, to in commit.resent],
            )

    def _insert_events(
        self, cursor: SQLiteCursor, head: NodeHead, events: Sequence[StoredEvent]
    ) -> None:
        recorder = self._recorder(head.node)
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

    def anchors(self) -> list[tuple[str, str, int, str]]:
        """(node, day, position, root) at the end of each day of each node."""
        return [tuple(r) for r in self._rows("SELECT * FROM anchors ORDER BY node, day")]

    def admitted(self, keys: Sequence[bytes]) -> dict[bytes, Admitted]:
        """Those of the keys under which an event was admitted."""
        rows = self._rows_in("SELECT * FROM admitted WHERE key IN ({})", keys)
        return {row[0]: Admitted(*row) for row in rows}

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
            SourceGaps(source, lowest, highest, _decode_ranges(missing))
            for source, lowest, highest, missing in self._rows("SELECT * FROM gaps")
        ]

    def quarantine(self, scope: str, after: str, limit: int) -> list[Quarantined]:
        """Quarantined events of organisations in the scope that were not resent, oldest first."""
        rows = self._rows(
            "SELECT * FROM quarantine WHERE resent_as IS NULL AND received_at || id > ?"
            " AND org >= ? AND org < ? ORDER BY received_at, id LIMIT ?",
            (after, scope, f"{scope}:", limit),
        )
        return [Quarantined(*row) for row in rows]

    def quarantined(self, id_: str) -> Quarantined | None:
        """One quarantined event."""
        rows = self._rows("SELECT * FROM quarantine WHERE id=?", (id_,))
        return Quarantined(*rows[0]) if rows else None

    def read(self, node: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """(position, stored bytes) of a node's log, in order, later than ``after``."""
        rows = self._rows(
            f"SELECT rowid, state FROM {_table(node)}"  # noqa: S608 - a checked node name
            " WHERE rowid > ? ORDER BY rowid LIMIT ?",
            (after, limit),
        )
        return [(row[0], row[1]) for row in rows]

    def read_streams(self, node: str) -> Iterator[tuple[int, str, int, bytes]]:
        """(position, stream, version, stored bytes) of a node's whole log, in order."""
        after = 0
        while True:
            rows = self._rows(
                "SELECT rowid, originator_id, originator_version, state"  # noqa: S608
                f" FROM {_table(node)} WHERE rowid > ? ORDER BY rowid LIMIT 2000",
                (after,),
            )
            if not rows:
                return
            yield from ((r[0], r[1], r[2], r[3]) for r in rows)
            after = rows[-1][0]

    def _rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with _mapped_errors(), self._datastore.transaction(commit=False) as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def _rows_in(self, statement: str, values: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(values), VARIABLES):
            part = values[start : start + VARIABLES]
            found += self._rows(statement.format(",".join("?" * len(part))), part)
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


@contextmanager
def _mapped_errors() -> Iterator[None]:
    """Errors of eventsourcing and SQLite as this package's own."""
    try:
        yield
    except (PersistenceError, sqlite3.Error) as error:
        if isinstance(error, OperationalError | sqlite3.OperationalError) and "full" in str(error):
            raise StoreFull("the disk of the event store is full") from error
        raise StoreUnavailable("the event store did not take the commit") from error
