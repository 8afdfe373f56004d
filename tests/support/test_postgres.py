"""Tests of the PostgreSQL that tests start: it keeps its data over every way to end."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import psycopg
import pytest

from tests.support.postgres import Postgres


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A server that nobody shares."""
    postgres = Postgres()
    yield postgres.start()
    if postgres.folder.exists():
        postgres.remove()


def test_shared_server_gives_each_test_a_database(database: str) -> None:
    """A database of the shared server is empty, and writes to disk before it acknowledges."""
    with psycopg.connect(database) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone()
        fsync = connection.execute("SHOW fsync").fetchone()

    assert (tables, fsync) == ((0,), ("on",))


def test_killed_server_keeps_what_was_committed(own: Postgres) -> None:
    """After kill -9 and a start on the same data every committed row is there."""
    dsn = own.create_database("kept")
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE rows AS SELECT * FROM generate_series(1, 1000) AS n")

    own.kill()
    own.start()

    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM rows").fetchone() == (1000,)


def test_server_stops_though_sessions_are_open(own: Postgres) -> None:
    """An orderly stop ends the sessions of clients; their next statement fails."""
    connection = psycopg.connect(own.dsn())

    own.stop()

    with connection, pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def test_removed_server_leaves_nothing(own: Postgres) -> None:
    """Removing it ends the process and deletes the folder."""
    process = psutil.Process(own.process.pid)
    own.remove()

    assert not process.is_running()
    assert not own.folder.exists()
