"""What the event store on PostgreSQL promises beyond the contract of every event store."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from services.backbone.errors import (
    SettingInvalid,
    StoreHeld,
    StoreMissing,
    StoreUnavailable,
    StoreUncertain,
)
from services.backbone.event_store import Commit, NodeHead
from services.backbone.postgres_store import PostgresEventStore
from tests.support.postgres import Postgres
from tests.support.waiting import eventually

AT = "2026-11-23T08:00:00+00:00"


def facts(first: int, last: int, node: str = "main") -> Commit:
    """A commit of the events that get these positions, each a stream of its own."""
    return Commit(
        events={node: [StoredEvent(f"s{n}", 1, "t", b"%d" % n) for n in range(first, last + 1)]},
        heads=[NodeHead(node, last, AT, f"{last:02x}")],
        admitted=[],
        quarantined=[],
        gaps=[],
        resent=[],
    )


@pytest.fixture
def store(database: str) -> Iterator[PostgresEventStore]:
    """A store in a database of the test's own."""
    store = PostgresEventStore(database)
    yield store
    store.close()


def cut(database: str) -> int:
    """End all other sessions of a database, as a restart does; how many there were."""
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        ).rowcount


def test_the_facts_are_eventsourcings(store: PostgresEventStore, database: str) -> None:
    """Its own recorder reads them, and cannot write where positions are given here."""
    store.commit(facts(1, 3))
    found = psycopg.conninfo.conninfo_to_dict(database)
    with PostgresDatastore(
        dbname=str(found["dbname"]),
        host=str(found["host"]),
        port=str(found["port"]),
        user=str(found["user"]),
        password="",
        originator_id_type="text",
    ) as datastore:
        recorder = PostgresApplicationRecorder(datastore, events_table_name="events_main")
        recorder.create_table()
        notifications = recorder.select_notifications(start=1, limit=10)

    assert [(n.id, n.originator_id, n.state) for n in notifications] == [
        (1, "s1", b"1"),
        (2, "s2", b"2"),
        (3, "s3", b"3"),
    ]


def test_it_goes_on_after_its_connections_were_cut(
    store: PostgresEventStore, database: str
) -> None:
    """Nobody has to restart a process after PostgreSQL was restarted."""
    store.commit(facts(1, 2))
    assert len(store.read("main", 0, 10)) == 2
    tenure = store.hold()
    assert cut(database) >= 2

    store.commit(facts(3, 4))

    assert [at for at, _ in store.read("main", 0, 10)] == [1, 2, 3, 4]
    assert store.hold() > tenure


def test_a_standby_asks_nothing_until_it_is_asked(store: PostgresEventStore, database: str) -> None:
    """It is turned away while another holds the store, and takes over once that one let go."""
    standby = PostgresEventStore(database, standby=True)
    with pytest.raises(StoreUnavailable, match="another process"):
        standby.hold()
    with pytest.raises(StoreUnavailable):
        standby.commit(facts(1, 1))
    store.commit(facts(1, 2))
    store.close()

    assert standby.hold() == 1
    standby.commit(facts(3, 3))

    assert [at for at, _ in standby.read("main", 0, 10)] == [1, 2, 3]
    standby.close()


def test_a_writer_that_lost_its_hold_cannot_write(store: PostgresEventStore, database: str) -> None:
    """The lock goes with the connection; whoever has it now is alone."""
    store.commit(facts(1, 1))
    cut(database)
    with PostgresEventStore(database) as other:
        other.commit(facts(2, 2))
        with pytest.raises(StoreUnavailable):
            store.commit(facts(2, 3))

    with pytest.raises(StoreUnavailable, match="not at 1 any more"):
        store.commit(facts(2, 3))
    assert [at for at, _ in store.read("main", 0, 10)] == [1, 2]


def test_a_writer_that_hangs_gives_way(database: str) -> None:
    """One that says nothing for long is no longer the writer, and is told so when it wakes."""
    patience = f"{database}?options=-cidle_session_timeout%3D2000"
    with PostgresEventStore(patience) as hung, PostgresEventStore(database, standby=True) as other:
        hung.commit(facts(1, 1))
        eventually(lambda: takes(other))
        other.commit(facts(2, 2))

        with pytest.raises(StoreUnavailable):
            hung.commit(facts(2, 2))
        assert [at for at, _ in other.read("main", 0, 10)] == [1, 2]


def takes(store: PostgresEventStore) -> bool:
    """Whether it is the writer now."""
    try:
        return bool(store.hold())
    except StoreUnavailable:
        return False


def test_a_database_that_cannot_keep_chinese_is_refused(postgres: Postgres) -> None:
    """Before anything is kept in it, with what to do."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")

    with pytest.raises(StoreUnavailable, match="UTF8"):
        PostgresEventStore(postgres.dsn("latin"))


def test_a_server_that_is_not_there_is_unavailable(database: str) -> None:
    """For readers, writers and those that wait alike."""
    nobody = database.replace(database.rpartition(":")[2], "1/none")
    with pytest.raises(StoreUnavailable):
        PostgresEventStore(nobody)
    with pytest.raises(StoreUnavailable):
        PostgresEventStore(nobody, write=False)
    standby = PostgresEventStore(nobody, standby=True)
    with pytest.raises(StoreUnavailable):
        standby.heads()
    with pytest.raises(StoreUnavailable):
        standby.wait(0)
    standby.close()


def test_waiting_ends_with_a_commit(store: PostgresEventStore, database: str) -> None:
    """Of another process too; without one it ends in time."""
    with PostgresEventStore(database, write=False) as reader:
        assert reader.wait(0)
        assert not reader.wait(0.01)
        woken = threading.Event()

        def wait() -> None:
            if reader.wait(30):
                woken.set()

        waiting = threading.Thread(target=wait)
        waiting.start()

        store.commit(facts(1, 1))

        waiting.join()
        assert woken.is_set()
        assert not reader.wait(0.01)


def test_waiting_goes_on_after_a_cut(store: PostgresEventStore, database: str) -> None:
    """What was missed meanwhile counts as news."""
    with PostgresEventStore(database, write=False) as reader:
        reader.wait(0)
        cut(database)
        store.commit(facts(1, 1))
        with pytest.raises(StoreUnavailable):
            reader.wait(5)

        assert reader.wait(0)
        assert not reader.wait(0.01)


def test_a_cursor_never_goes_back(store: PostgresEventStore, database: str) -> None:
    """Whichever of two readers of one name is behind."""
    assert store.cursor("relay") == {}
    store.save_cursor("relay", {"main": 7, "load-1": 3})
    with PostgresEventStore(database, write=False) as reader:
        reader.save_cursor("relay", {"main": 5, "load-1": 4})
        reader.save_cursor("other", {"main": 1})

    assert store.cursor("relay") == {"main": 7, "load-1": 4}


def test_a_lost_answer_to_a_commit_is_uncertain(store: PostgresEventStore, database: str) -> None:
    """Neither kept nor refused is claimed; the store goes on from what is there."""
    store.commit(facts(1, 1))
    with psycopg.connect(database, autocommit=True) as connection:
        # Ends the session that commits, in the middle of its COMMIT.
        connection.execute(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END$$"
        )
        connection.execute(
            "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON events_main"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()"
        )
    with pytest.raises(StoreUncertain):
        store.commit(facts(2, 2))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TRIGGER cut ON events_main")

    store.commit(facts(2, 3))
    assert [at for at, _ in store.read("main", 0, 10)] == [1, 2, 3]


def test_a_database_that_waits_for_ever_is_left(store: PostgresEventStore, database: str) -> None:
    """A lock that someone else keeps ends in StoreUnavailable, and nothing stays behind."""
    store.commit(facts(1, 1))
    with psycopg.connect(f"{database}?options=-clock_timeout%3D50") as connection:
        connection.execute("SELECT * FROM nodes FOR UPDATE")
        impatient = f"{database}?options=-clock_timeout%3D50"
        store.close()
        with PostgresEventStore(impatient) as other:
            with pytest.raises(StoreUnavailable):
                other.commit(facts(2, 2))
            connection.rollback()
            other.commit(facts(2, 2))
            assert len(other.read("main", 0, 10)) == 2


def test_commits_are_synced_whatever_the_server_prefers(database: str) -> None:
    """A database whose default is to acknowledge before it is durable is told otherwise."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE told (setting text)")
        connection.execute(
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN INSERT INTO told SELECT current_setting('synchronous_commit');"
            " RETURN NULL; END$$"
        )
        name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
    with PostgresEventStore(database) as store:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "CREATE TRIGGER tell AFTER INSERT ON admitted EXECUTE FUNCTION tell()"
            )
            connection.execute("CREATE TRIGGER tell AFTER UPDATE ON nodes EXECUTE FUNCTION tell()")
        store.commit(facts(1, 1))
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT DISTINCT setting FROM told").fetchall() == [("on",)]


def test_a_password_is_never_shown(database: str) -> None:
    """Neither by a DSN that cannot be read nor by a store that is held or missing."""
    with_password = database.replace("postgres@", "postgres:verborgen@")
    with pytest.raises(SettingInvalid) as invalid:
        PostgresEventStore("postgresql://u:verborgen@h:no-port/d?x=1")
    with pytest.raises(StoreMissing) as missing:
        PostgresEventStore(with_password, write=False)
    with PostgresEventStore(with_password), pytest.raises(StoreHeld) as held:
        PostgresEventStore(with_password)

    for error in (invalid, missing, held):
        assert "verborgen" not in str(error.value)
