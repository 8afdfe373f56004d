"""The tables of an event store on PostgreSQL; the facts' own are eventsourcing's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.rows import DictRow
from psycopg.sql import SQL, Identifier

from services.backbone.event_store import NODE_NAME
from services.backbone.postgres_connections import Connection, connect, parameters_of

CHANNEL = "yiping_events"
"""NOTIFY goes there with every commit that appends."""

# Texts that are compared by range are ordered by their bytes, whatever the database's locale.
TABLES = (
    "CREATE TABLE IF NOT EXISTS admitted ("
    " key bytea PRIMARY KEY, node text, position bigint, digest bytea, sha256 bytea)",
    "CREATE TABLE IF NOT EXISTS quarantine ("
    ' id text COLLATE "C" PRIMARY KEY, org text COLLATE "C", received_at text COLLATE "C",'
    " event_id text, code text, path text, message text, sealed bytea, resent_as text)",
    "CREATE INDEX IF NOT EXISTS quarantine_waiting ON quarantine (received_at, id)"
    " WHERE resent_as IS NULL",
    "CREATE TABLE IF NOT EXISTS gaps ("
    " source text PRIMARY KEY, lowest bigint, highest bigint, missing text, lost bigint)",
    "CREATE TABLE IF NOT EXISTS anchors ("
    ' node text COLLATE "C", day text COLLATE "C", position bigint, root text,'
    " PRIMARY KEY (node, day))",
    "CREATE TABLE IF NOT EXISTS cursors ("
    " name text, node text, position bigint, PRIMARY KEY (name, node))",
    # Last: where it stands, all of them do.
    "CREATE TABLE IF NOT EXISTS nodes ("
    " opened bigint GENERATED ALWAYS AS IDENTITY, node text PRIMARY KEY, position bigint,"
    ' received_at text COLLATE "C", root text, settled text COLLATE "C")',
)


class _Datastore(PostgresDatastore):
    """eventsourcing's datastore, without the pool of connections that it would open."""

    def __init__(self, dsn: str) -> None:
        found = parameters_of("YIPING_EVENT_STORE", dsn)
        super().__init__(
            dbname=found.get("dbname", ""),
            host=found.get("host", ""),
            port=found.get("port", 5432),
            user=found.get("user", ""),
            password=found.get("password", ""),
            originator_id_type="text",
        )
        self._dsn = dsn

    @contextmanager
    def get_connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        """A connection of this package's own."""
        with connect(self._dsn) as connection:
            dict_rows: Any = connection
            dict_rows.row_factory = psycopg.rows.dict_row
            yield dict_rows


class NodeTables:
    """Makes the table of a node as eventsourcing's recorder would."""

    def __init__(self, dsn: str) -> None:
        self._datastore = _Datastore(dsn)

    def make(self, connection: Connection, node: str) -> None:
        """Within the transaction of the connection."""
        name = table_of(node)
        recorder = PostgresApplicationRecorder(self._datastore, events_table_name=name)
        for statement in recorder.sql_create_statements:
            # Its type and its function serve its own way to insert, which gives no positions.
            if " TABLE " in statement.as_string() or " INDEX " in statement.as_string():
                connection.execute(statement)
        connection.execute(
            SQL('ALTER TABLE {} ALTER COLUMN originator_id TYPE text COLLATE "C"').format(
                Identifier(name)
            )
        )

    def close(self) -> None:
        """Let go of eventsourcing's own."""
        self._datastore.close()


def table_of(node: str) -> str:
    """The name of a node's table; raises ValueError for what is no node."""
    if not NODE_NAME.fullmatch(node):
        raise ValueError(f"{node!r} is not a node name")
    return f"events_{node.replace('-', '_')}"
