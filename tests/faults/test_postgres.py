"""PostgreSQL fails under load: what was acknowledged is there once, and it goes on by itself."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from services.backbone.errors import StoreUnavailable
from services.backbone.opening import open_event_store
from services.backbone.postgres_keys import PostgresKeys
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.settings import Settings
from services.backbone.vault import Vault
from services.ingest.application import Answer, Application
from services.ingest.runtime import verify_store
from tests.support.events import batch, event
from tests.support.ingest import (
    MASTER,
    Clock,
    Served,
    arrival,
    assert_problem,
    post,
    settings_in,
    told,
)
from tests.support.postgres import Postgres
from tests.support.senders import Senders, assert_kept
from tests.support.waiting import eventually
from tests.support.wire import Wire

WAIT_S = 60.0


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """A server that only these tests harm."""
    own = Postgres()
    yield own.start()
    own.remove()


@pytest.fixture
def settings(own: Postgres, tmp_path: Path, names: Iterator[str]) -> Settings:
    """An event store of the test's own."""
    return settings_in(tmp_path, event_store=own.create_database(f"faults_{next(names)}"))


@contextmanager
def recording(settings: Settings) -> Iterator[Served]:
    """A service that records."""
    with Served(settings) as served:
        eventually(served.ingest.writer.ready)
        yield served


def assert_all_kept(settings: Settings, senders: Senders) -> None:
    """As another process reads the store."""
    with closing(open_event_store(settings, write=False)) as store:
        assert_kept(store, senders)


@pytest.mark.parametrize("end", [Postgres.stop, Postgres.kill])
def test_a_server_that_ends_and_comes_back(
    own: Postgres, settings: Settings, end: Callable[[Postgres], None]
) -> None:
    """Senders are turned away while it is gone, and served again without a hand on anything."""
    with recording(settings) as served:
        senders = Senders(served, batches_each=60)
        senders.start()
        for _ in range(2):
            senders.wait_answered(20)
            before = senders.statuses[503]
            end(own)
            senders.wait(lambda before=before: senders.statuses[503] > before + 4)  # type: ignore[misc] # bound at once
            assert not served.ingest.writer.ready()
            own.start()
        senders.join()
        eventually(served.ingest.writer.ready)
    assert_all_kept(settings, senders)


def kill_writer(own: Postgres, settings: Settings) -> None:
    """kill -9 of the session that writes, which makes PostgreSQL end all and begin anew."""
    with psycopg.connect(settings.event_store, autocommit=True) as connection:
        pids = connection.execute(
            "SELECT pid FROM pg_locks WHERE locktype='advisory' AND database="
            "(SELECT oid FROM pg_database WHERE datname=current_database())"
        ).fetchall()
    for (pid,) in pids:
        os.kill(pid, signal.SIGKILL)
    own.wait_ready()


def test_the_writers_session_is_killed(own: Postgres, settings: Settings) -> None:
    """At any moment of a commit."""
    with recording(settings) as served:
        senders = Senders(served, batches_each=60)
        senders.start()
        for _ in range(3):
            senders.wait_answered(20)
            kill_writer(own, settings)
        senders.join()
    assert_all_kept(settings, senders)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_ten_faults_of_each_seed(own: Postgres, settings: Settings, seed: int) -> None:
    """Of every kind, at random moments of a longer load."""
    made = random.Random(seed)
    with recording(settings) as served:
        senders = Senders(served, batches_each=400)
        senders.start()
        for _ in range(10):
            senders.wait_answered(made.randrange(1, 100))
            match made.randrange(3):
                case 0:
                    kill_writer(own, settings)
                case 1:
                    own.stop()
                    own.start()
                case 2:
                    own.kill()
                    own.start()
        senders.join()
    assert_all_kept(settings, senders)


@pytest.mark.parametrize("kept", [True, False])
def test_the_wire_is_cut_in_the_middle_of_a_commit(
    own: Postgres, settings: Settings, tmp_path: Path, kept: bool
) -> None:
    """Nobody claims to know; sent again, it is there once."""
    with Wire(own.port) as wire:
        wired = settings_in(
            tmp_path,
            event_store=settings.event_store.replace(f":{own.port}/", f":{wire.port}/"),
            vault=settings.event_store,
        )
        with recording(wired) as served, served.client() as client:
            post(client, batch([event("person.admitted", "1", subject="R1")]))
            second = batch([event("person.admitted", "2", subject="R2")])
            # Settling commits as well, and would meet the cut first.
            with served.ingest.writer._recording:
                sent = threading.Thread(target=lambda: answers.append(post(client, second)))
                answers: list[object] = []
                sent.start()
                eventually(lambda: served.ingest.writer._queue.empty())
                wire.cut_at(b"COMMIT", pass_on=kept)
            sent.join()

            problem = assert_problem(answers[0], 503, "outcome_unknown")  # type: ignore[arg-type] # the response
            assert "not known" in problem["detail"]
            eventually(served.ingest.writer.ready)
            assert told(post(client, second)) == [("2", "duplicate" if kept else "accepted")]
            assert [at for at, _ in served.ingest.store.read("main", 0, 10)] == [1, 2]
            assert verify_store(served.ingest.store, lambda _: None) == []


def test_two_that_both_believe_they_are_the_writer(settings: Settings) -> None:
    """Even without the lock, each node's end is compared before it is moved."""
    clock = Clock()
    stores = [PostgresEventStore(settings.event_store, standby=True) for _ in range(2)]
    vaults = [Vault(PostgresKeys(settings.event_store), MASTER) for _ in stores]
    applications = []
    for store, vault in zip(stores, vaults, strict=True):
        store.hold()
        applications.append(Application(store, vault, MASTER, clock))
        with store._writing() as connection:
            connection.execute("SELECT pg_advisory_unlock_all()")
    answers: list[tuple[str, Answer]] = []
    fenced = [0, 0]
    together = threading.Barrier(2)

    def record(n: int) -> None:
        together.wait(WAIT_S)
        for turn in range(40):
            # Half of what each sends the other sends too.
            id_ = f"{turn}" if turn % 2 else f"{turn}-{n}"
            one = event("person.admitted", id_, subject=f"R{turn % 5}", sequence=turn)
            while True:
                try:
                    (answer,) = applications[n].record([arrival(one, now=clock())])
                except StoreUnavailable:
                    fenced[n] += 1
                    continue
                answers.append((id_, answer))
                break

    threads = [threading.Thread(target=record, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    at: dict[str, int | None] = {}
    for id_, answer in answers:
        assert at.setdefault(id_, answer.position) == answer.position
    assert len(answers) == 80
    assert sorted(position or 0 for position in at.values()) == list(range(1, 61))
    assert sum(answer.status == "accepted" for _, answer in answers) == 60
    assert sum(fenced) > 0
    assert verify_store(stores[0], lambda _: None) == []
    for store, vault in zip(stores, vaults, strict=True):
        vault.close()
        store.close()


def test_a_disk_that_is_full(own: Postgres, settings: Settings) -> None:
    """507 and nothing acknowledged; as soon as there is room the same events are taken."""
    with recording(settings) as served, served.client() as client:
        post(client, batch([event("person.admitted", "1", subject="R1")]))
        more = batch([event("person.admitted", f"{n}", subject=f"R{n}") for n in range(2, 40)])
        with full(own, settings.event_store, "admitted"):
            eventually(served.ingest.writer.ready)
            for _ in range(2):
                assert_problem(post(client, more), 507, "store_full")
            assert len(served.ingest.store.read("main", 0, 100)) == 1
        eventually(served.ingest.writer.ready)

        assert {status for _, status in told(post(client, more))} == {"accepted"}
        assert len(served.ingest.store.read("main", 0, 100)) == 39
        assert verify_store(served.ingest.store, lambda _: None) == []


@contextmanager
def full(own: Postgres, dsn: str, table: str) -> Iterator[None]:
    """The kernel finds no room for the table: its file is the device that is always full."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT pg_relation_filepath(%s)", (table,)).fetchone()
    assert row is not None
    file = own.folder / "data" / str(row[0])
    aside = file.with_name(f"{file.name}.aside")
    own.stop()
    file.rename(aside)
    file.symlink_to("/dev/full")
    own.start()
    try:
        yield
    finally:
        own.stop()
        file.unlink()
        aside.rename(file)
        own.start()


def test_two_processes_over_a_restart(own: Postgres, settings: Settings) -> None:
    """Whichever is first is the writer afterwards, and the other stands by."""
    with recording(settings) as one, Served(settings) as other:
        both = (one, other)
        with one.client() as client:
            post(client, batch([event("person.admitted", "1", subject="R1")]))
        own.stop()
        eventually(lambda: not one.ingest.writer.ready())
        own.start()
        eventually(lambda: any(each.ingest.writer.ready() for each in both))
        (writer,) = [each for each in both if each.ingest.writer.ready()]
        (standby,) = [each for each in both if each is not writer]
        again = batch([event("person.admitted", f"{n}", subject=f"R{n}") for n in (1, 2)])

        with writer.client() as client, standby.client() as refused:
            assert told(post(client, again)) == [("1", "duplicate"), ("2", "accepted")]
            assert_problem(post(refused, again), 503, "store_unavailable")
        assert not standby.ingest.writer.ready()
        assert verify_store(writer.ingest.store, lambda _: None) == []
