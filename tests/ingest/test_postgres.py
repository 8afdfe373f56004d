"""The ingest service on PostgreSQL: one process records, another stands by and takes over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from services.backbone.errors import SettingInvalid
from services.backbone.opening import open_event_store, open_vault
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.progress import NEVER
from services.backbone.settings import Settings
from services.backbone.telemetry import Metrics
from services.ingest.runtime import Ingest, local_issuer, verify_store
from tests.support.events import COUNTY, NOON, batch, event
from tests.support.ingest import (
    ORGANISATIONS,
    Clock,
    Served,
    assert_problem,
    post,
    results,
    settings_in,
    told,
)
from tests.support.waiting import eventually


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    """Those of a process of a cluster; all share the folder of the keys."""
    return settings_in(tmp_path / "data", event_store=database, keys=str(tmp_path / "keys"))


@pytest.fixture
def served(settings: Settings) -> Iterator[Served]:
    """A service that records."""
    with Served(settings) as served:
        eventually(served.ingest.writer.ready)
        yield served


def person(n: int) -> dict[str, Any]:
    """A fact with a name to seal."""
    return event("person.admitted", f"{n}", subject=f"R{n}", data={"name": "张三"})


def test_it_records_seals_and_keeps(served: Served, settings: Settings) -> None:
    """As on SQLite: answers, duplicates, quarantine, proof; and sealed fields open again."""
    wrong = event("person.admitted", "9", subject="R9", data={"shoe_size": 43})
    with served.client() as client:
        first = results(post(client, batch([person(1), person(2), wrong])))
        again = results(post(client, batch([person(2), person(3)])))
        waiting = client.get("/v1/quarantine").json()["items"]

    assert [one["status"] for one in first] == ["accepted", "accepted", "quarantined"]
    assert [(one["status"], one["position"]) for one in again] == [
        ("duplicate", 2),
        ("accepted", 3),
    ]
    assert [item["event_id"] for item in waiting] == ["9"]
    with closing(open_event_store(settings, write=False)) as store:
        assert verify_store(store, lambda _: None) == []
        assert len(store.read("main", 0, 10)) == 3
    with closing(open_vault(settings)) as vault:
        sealed = vault.seal("person/R1", {"name": "李四"})["name"]
        assert served.ingest.vault.unseal("person/R1", "name", sealed) == "李四"


def test_the_live_log_has_the_name_of_its_node(tmp_path: Path, database: str) -> None:
    """Each ingest node of a province has one of its own."""
    named = settings_in(tmp_path, event_store=database, node="xiamen")
    with Served(named) as served, served.client() as client:
        eventually(served.ingest.writer.ready)
        (answer,) = results(post(client, batch([person(1)])))

        assert (answer["node"], answer["position"]) == ("xiamen", 1)
        assert list(served.ingest.store.heads()) == ["xiamen"]


def test_a_second_process_stands_by_and_takes_over(served: Served, settings: Settings) -> None:
    """It is not ready and turns senders away while the first lives; then it goes on from there."""
    with served.client() as client:
        post(client, batch([person(1), person(2)]))
    with Served(settings) as standby, standby.client() as client:
        refused = post(client, batch([person(3)]))
        assert_problem(refused, 503, "store_unavailable")
        assert refused.headers["retry-after"] == "1"
        assert not standby.ingest.writer.ready()

        served.ingest.stop()
        eventually(standby.ingest.writer.ready)

        assert told(post(client, batch([person(2), person(3)]))) == [
            ("2", "duplicate"),
            ("3", "accepted"),
        ]
        assert [at for at, _ in standby.ingest.store.read("main", 0, 10)] == [1, 2, 3]
        assert verify_store(standby.ingest.store, lambda _: None) == []


def test_who_lost_the_store_takes_up_what_others_wrote(
    served: Served, settings: Settings, database: str
) -> None:
    """Nothing that was held in memory is believed after another process was the writer."""
    with served.client() as client:
        post(client, batch([person(1)]))
        with Served(settings) as other, other.client() as others_client:
            # Cut off, and too busy to come back first.
            with served.ingest.writer._recording:
                cut(database)
                eventually(other.ingest.writer.ready)
            moved = event("person.moved", "2", subject="R1", data={"to_kind": "waiting"})
            assert told(post(others_client, batch([moved]))) == [("2", "accepted")]
            assert_problem(post(client, batch([person(3)])), 503, "store_unavailable")
        eventually(served.ingest.writer.ready)

        checked = event("person.checked", "4", subject="R1")
        assert told(post(client, batch([moved, checked]))) == [
            ("2", "duplicate"),
            ("4", "accepted"),
        ]
    assert verify_store(served.ingest.store, lambda _: None) == []


def cut(database: str) -> None:
    """End the session of whoever holds the store."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype='advisory'"
            " AND database=(SELECT oid FROM pg_database WHERE datname=current_database())"
        )


def test_time_is_settled_while_nothing_comes(served: Served, settings: Settings) -> None:
    """Durably, so that whoever reads the store knows how far it is complete."""
    clock = moved_clock(served)
    clock.move(seconds=90)
    with PostgresEventStore(settings.event_store, write=False) as store:
        eventually(lambda: settled(store) == clock())

        clock.move(hours=-1)
        with served.client() as client:
            post(client, batch([event("person.admitted", "1", time=NOON - timedelta(days=1))]))

        head = store.heads()["main"]
        assert datetime.fromisoformat(head.received_at) > NOON + timedelta(seconds=90)


def test_a_clock_set_back_over_a_restart_harms_nothing(settings: Settings, served: Served) -> None:
    """What was settled stays so: neither a moment nor the watermark goes back."""
    clock = moved_clock(served)
    clock.move(minutes=10)
    with PostgresEventStore(settings.event_store, write=False) as store:
        eventually(lambda: settled(store) == clock())
        before = settled(store)
        served.ingest.stop()

        late = Clock(NOON - timedelta(hours=1))
        with Served(settings, late) as again, again.client() as client:
            eventually(again.ingest.writer.ready)
            assert again.ingest.writer.watermark() >= before
            post(client, batch([event("person.admitted", "1", time=NOON - timedelta(days=1))]))
            head = store.heads()["main"]

            assert datetime.fromisoformat(head.received_at) > before
            assert settled(store) >= before


def settled(store: PostgresEventStore) -> datetime:
    """The settled moment of the live log."""
    head = store.heads().get("main")
    return datetime.fromisoformat(head.settled) if head else NEVER


def moved_clock(served: Served) -> Clock:
    """The clock of a service."""
    clock = served.ingest.writer._application._now
    assert isinstance(clock, Clock)
    return clock


def test_the_quarantine_is_unavailable_with_its_store(tmp_path: Path, database: str) -> None:
    """A problem with a code, not a failure of the service."""
    nobody = database.replace(database.rpartition(":")[2], "1/none")
    with Served(settings_in(tmp_path, event_store=nobody)) as served, served.client() as client:
        assert_problem(client.get("/v1/quarantine"), 503, "store_unavailable")
        assert_problem(client.post("/v1/quarantine/x/resend"), 503, "store_unavailable")
        assert_problem(post(client, batch([person(1)])), 503, "store_unavailable")


def test_a_dsn_of_something_else_is_refused(tmp_path: Path) -> None:
    """At the start, by the name of the setting."""
    for name in ("event_store", "vault"):
        settings = settings_in(tmp_path, **{name: "mysql://h/d"})
        with pytest.raises(SettingInvalid, match=f"YIPING_{name.upper()}"):
            Ingest(settings, ORGANISATIONS, Metrics())


def test_tokens_are_of_the_folder_of_the_keys(served: Served, settings: Settings) -> None:
    """One issuer for all processes of a cluster."""
    elsewhere = settings_in(settings.data, keys=str(settings.keys))
    token = local_issuer(elsewhere).issue(COUNTY, "centre")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=served.url, headers=headers, trust_env=False) as client:
        assert told(post(client, batch([person(1)]))) == [("1", "accepted")]
