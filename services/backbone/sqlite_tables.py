"""The tables of an event store in SQLite; the facts' own are eventsourcing's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from services.backbone.event_store import NODE_NAME

WRITER_CACHE_KIB = 64 * 1024
READER_CACHE_KIB = 4 * 1024
CHECKPOINT_PAGES = 16 * 1024
"""64 MiB: a page that changes with every commit goes to the file itself once in many."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS nodes ("
    " opened INTEGER PRIMARY KEY, node TEXT UNIQUE, position INTEGER, received_at TEXT, root TEXT,"
    " settled TEXT NOT NULL DEFAULT '')",
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
ADD_SETTLED = "ALTER TABLE nodes ADD COLUMN settled TEXT NOT NULL DEFAULT ''"


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


class NodeRecorder(SQLiteApplicationRecorder):
    """eventsourcing's recorder of one node; the rest of the commit joins its transaction."""

    def __init__(self, datastore: SQLiteDatastore, node: str) -> None:
        super().__init__(datastore, events_table_name=table_of(node))
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


def datastore(path: Path, *, size: int, cache_kib: int) -> SQLiteDatastore:
    opened = SQLiteDatastore(str(path), originator_id_type="text")
    connections = _Connections(
        db_name=str(path), lock_timeout=30, pool_size=size, max_overflow=3 * (size - 1)
    )
    connections.cache_kib = cache_kib
    opened.pool = connections
    return opened


def table_of(node: str) -> str:
    if not NODE_NAME.fullmatch(node):
        raise ValueError(f"{node!r} is not a node name")
    return f"events_{node.replace('-', '_')}"
