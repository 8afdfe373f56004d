"""One commit into PostgreSQL: everything in it in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.sql import SQL, Identifier

from services.backbone.errors import StoreUnavailable, StoreUncertain
from services.backbone.event_store import Admitted, Commit, NodeHead, Quarantined
from services.backbone.postgres_connections import Connection
from services.backbone.postgres_tables import CHANNEL, NodeTables, table_of
from services.backbone.postgres_text import kept

_EVENTS = (
    "COPY {} (originator_id, originator_version, topic, state, notification_id)"
    " FROM STDIN (FORMAT binary)"
)
_ADMITTED = "COPY admitted FROM STDIN (FORMAT binary)"
_ADVANCE = (
    "UPDATE nodes SET position=%s, received_at=%s, root=%s,"
    " settled=greatest(settled, %s, %s)"
    " WHERE node=%s AND position=%s RETURNING pg_notify(%s, node)"
)
_OPEN = (
    "INSERT INTO nodes (node, position, received_at, root, settled) VALUES (%s, 0, '', '', '')"
    " ON CONFLICT DO NOTHING"
)
_ANCHOR = (
    "INSERT INTO anchors VALUES (%s, %s, %s, %s) ON CONFLICT (node, day)"
    " DO UPDATE SET position=excluded.position, root=excluded.root"
)
_QUARANTINE = (
    "INSERT INTO quarantine VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_GAPS = (
    "INSERT INTO gaps VALUES (%s, %s, %s, %s, %s) ON CONFLICT (source) DO UPDATE"
    " SET lowest=excluded.lowest, highest=excluded.highest, missing=excluded.missing,"
    " lost=excluded.lost"
)
_RESENT = "UPDATE quarantine SET resent_as=%s WHERE id=%s"
_SETTLE = (
    "UPDATE nodes SET settled=greatest(settled, %s) WHERE node=%s RETURNING pg_notify(%s, node)"
)


def insert(connection: Connection, commit: Commit, tables: NodeTables) -> None:
    """Insert and commit; raises StoreUnavailable, StoreUncertain and psycopg's errors."""
    with connection.cursor() as cursor:
        for head in commit.heads:
            _append(cursor, head, commit.events.get(head.node, ()), tables)
        _admit(cursor, commit.admitted)
        _each(cursor, _QUARANTINE, map(_quarantine_row, commit.quarantined))
        _each(
            cursor,
            _GAPS,
            (
                (g.source, g.lowest, g.highest, msgspec.json.encode(g.missing).decode(), g.lost)
                for g in commit.gaps
            ),
        )
        _each(cursor, _RESENT, ((to, id_) for id_, to in commit.resent))
    _end(connection)


def settle(connection: Connection, node: str, moment: str, tables: NodeTables) -> None:
    """Move the settled moment of a node forward, and commit."""
    with connection.cursor() as cursor:
        if not cursor.execute(_SETTLE, (moment, node, CHANNEL)).rowcount:
            _open(connection, node, tables)
            cursor.execute(_SETTLE, (moment, node, CHANNEL))
    _end(connection)


def _append(
    cursor: psycopg.Cursor[Any], head: NodeHead, events: Sequence[StoredEvent], tables: NodeTables
) -> None:
    """Move the node's end forward from where this writer knows it, then put the events there."""
    before = head.position - len(events)
    moved = (head.position, head.received_at, head.root, head.received_at, head.settled)
    where = (head.node, before, CHANNEL)
    if not cursor.execute(_ADVANCE, moved + where).rowcount:
        if before == 0:
            _open(cursor.connection, head.node, tables)
        if before or not cursor.execute(_ADVANCE, moved + where).rowcount:
            raise StoreUnavailable(f"the end of {head.node} is not at {before} any more")
    if events:
        with cursor.copy(SQL(_EVENTS).format(Identifier(table_of(head.node)))) as copy:
            copy.set_types(("text", "int8", "text", "bytea", "int8"))
            for position, event in enumerate(events, before + 1):
                copy.write_row(
                    (
                        kept(str(event.originator_id)),
                        event.originator_version,
                        event.topic,
                        event.state,
                        position,
                    )
                )
    cursor.execute(_ANCHOR, (head.node, head.received_at[:10], head.position, head.root))


def _open(connection: Connection, node: str, tables: NodeTables) -> None:
    tables.make(connection, node)
    connection.execute(_OPEN, (node,))


def _admit(cursor: psycopg.Cursor[Any], admitted: Sequence[Admitted]) -> None:
    if not admitted:
        return
    with cursor.copy(_ADMITTED) as copy:
        copy.set_types(("bytea", "text", "int8", "bytea", "bytea"))
        for row in admitted:
            copy.write_row(row)


def _each(cursor: psycopg.Cursor[Any], statement: Any, rows: Iterable[Sequence[Any]]) -> None:
    whole = list(rows)
    if whole:
        cursor.executemany(statement, whole)


def _quarantine_row(item: Quarantined) -> Sequence[Any]:
    return item._replace(
        event_id=None if item.event_id is None else kept(item.event_id),
        path=kept(item.path),
        message=kept(item.message),
    )


def _end(connection: Connection) -> None:
    """Commit; a connection that is lost meanwhile leaves open whether PostgreSQL did."""
    try:
        connection.commit()
    except psycopg.OperationalError as error:
        if connection.closed or connection.broken:
            raise StoreUncertain("the connection was lost during a commit") from error
        raise
