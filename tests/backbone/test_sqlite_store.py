"""The SQLite event store: what only this adapter promises."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from services.backbone import sqlite_store
from services.backbone.errors import StoreUnavailable
from services.backbone.event_store import Commit, NodeHead
from services.backbone.sqlite_store import SQLiteEventStore


def commit(node: str, position: int, *events: StoredEvent) -> Commit:
    """A commit of events alone."""
    return Commit(
        events={node: list(events)},
        heads=[NodeHead(node, position, "2026-11-23T08:00:00+00:00", "")],
        admitted=[],
        quarantined=[],
        gaps=[],
        resent=[],
    )


def test_every_connection_syncs_at_every_commit(tmp_path: Path) -> None:
    """WAL with synchronous=FULL, whatever the library's default: accepted means on the disk."""
    store = SQLiteEventStore(tmp_path / "events.sqlite")
    for datastore in (store._writing, store._reading):
        with datastore.transaction(commit=False) as cursor:
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone()[0] == 2
            cursor.execute("PRAGMA journal_mode")
            assert cursor.fetchone()[0] == "wal"
    store.close()


def test_the_tables_are_eventsourcings_own(tmp_path: Path) -> None:
    """Its recorder reads what was stored: the notification log of a node is its table."""
    store = SQLiteEventStore(tmp_path / "events.sqlite")
    events = [StoredEvent("person/R1", n, "person.moved", b"{%d}" % n) for n in (1, 2)]
    store.commit(commit("main", 2, *events))
    store.close()

    datastore = SQLiteDatastore(str(tmp_path / "events.sqlite"), originator_id_type="text")
    recorder = SQLiteApplicationRecorder(datastore, events_table_name="events_main")
    notifications = recorder.select_notifications(start=1, limit=10)
    selected = recorder.select_events("person/R1")
    datastore.close()

    assert [(n.id, n.originator_id, n.state) for n in notifications] == [
        (1, "person/R1", b"{1}"),
        (2, "person/R1", b"{2}"),
    ]
    assert list(selected) == events


@pytest.mark.parametrize("node", ["", "Main", "x; drop table nodes", "load_1", "é", "x" * 42])
def test_a_name_that_is_no_node_reaches_no_statement(tmp_path: Path, node: str) -> None:
    """Names of tables cannot be bound, so they are checked."""
    store = SQLiteEventStore(tmp_path / "events.sqlite")

    with pytest.raises(ValueError, match="is not a node name"):
        store.commit(commit(node, 1, StoredEvent("a", 1, "", b"")))
    store.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """As the package's own error, with SQLite's behind it."""
    path = tmp_path / "events.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)

    with pytest.raises(StoreUnavailable) as caught:
        SQLiteEventStore(path)

    assert "not a database" in str(caught.value.__cause__)


def test_a_closed_store_is_unavailable(tmp_path: Path) -> None:
    """Whoever asks during a shutdown gets an error that it knows."""
    store = SQLiteEventStore(tmp_path / "events.sqlite")
    store.close()

    with pytest.raises(StoreUnavailable):
        store.heads()


def test_a_writer_that_could_not_open_lets_go(tmp_path: Path) -> None:
    """The folder is free for the next attempt."""
    path = tmp_path / "events.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(StoreUnavailable):
        SQLiteEventStore(path)
    path.unlink()

    SQLiteEventStore(path).close()


def test_a_read_is_bounded_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of large events takes fewer at a time, and gets to the end."""
    monkeypatch.setattr(sqlite_store, "READ_BYTES", 1_000)
    store = SQLiteEventStore(tmp_path / "events.sqlite")
    events = [StoredEvent("a", n, "", b"x" * 400) for n in range(1, 8)]
    store.commit(commit("main", 7, *events))
    parts, after = [], 0
    while part := store.read("main", after, 100):
        parts.append(len(part))
        after = part[-1][0]
    store.close()

    assert parts == [3, 3, 1]


def test_a_file_from_before_settled_moments_is_taken_up(tmp_path: Path) -> None:
    """Read as it is, and brought up to date by the next writer."""
    path = tmp_path / "events.sqlite"
    store = SQLiteEventStore(path)
    store.commit(commit("main", 1, StoredEvent("person/R1", 1, "person.moved", b"{}")))
    store.close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE nodes DROP COLUMN settled")

    reader = SQLiteEventStore(path, write=False)
    assert reader.heads()["main"].settled == "2026-11-23T08:00:00+00:00"
    reader.close()
    store = SQLiteEventStore(path)
    store.settle("main", "2026-11-24T08:00:00+00:00")
    assert store.heads()["main"].settled == "2026-11-24T08:00:00+00:00"
    store.close()
