"""Two ingest processes on one PostgreSQL: whoever may write reads the messages, nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from services.backbone.settings import Settings
from services.ingest.runtime import verify_store
from tests.support.centres import Centres, results
from tests.support.events import batch, event
from tests.support.ingest import Served, settings_in
from tests.support.kafka import Kafka

CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    " AND datname = current_database()"
)


@pytest.fixture
def centres(kafka: Kafka, names: Iterator[str]) -> Iterator[Centres]:
    """Topics of the test's own."""
    with Centres(kafka, f"takeover-{next(names)}", 2) as centres:
        yield centres


@pytest.fixture
def settings(tmp_path: Path, database: str, centres: Centres) -> Settings:
    """Those of each of the two processes."""
    return settings_in(
        tmp_path / "data", event_store=database, keys=str(tmp_path / "keys"), **centres.settings
    )


def test_a_standby_reads_only_when_it_takes_over(settings: Settings, centres: Centres) -> None:
    """It begins where the first one stopped."""
    with ExitStack() as first, Served(settings) as standby:
        served = first.enter_context(Served(settings))
        token = served.token()
        both = (served, standby)
        places = [centres.publish(batch([event(id_=f"a{n}")]), token) for n in range(20)]
        told = [results(centres.answers(place))[0]["status"] for place in places]
        (standing,) = [one for one in both if not one.ingest.writer.ready()]
        assert standing.metric("yiping_door_messages_total", outcome="answered") == 0
        assert standing.metric("yiping_events_total", status="accepted") == 0

        (writing,) = [one for one in both if one is not standing]
        writing.ingest.stop_recording()
        writing.ingest.store.close()
        more = [centres.publish(batch([event(id_=f"b{n}")]), token) for n in range(20)]
        told += [results(centres.answers(place))[0]["status"] for place in more]

        assert told == ["accepted"] * 40
        assert standing.metric("yiping_events_total", status="accepted") == 20


def test_a_writer_that_lost_the_store_doubles_nothing(
    settings: Settings, centres: Centres, database: str
) -> None:
    """Its connections are cut again and again while messages come, whoever writes then."""
    with Served(settings) as one, Served(settings):
        token = one.token()
        places = []
        for turn in range(4):
            places += [centres.publish(batch([event(id_=f"{turn}-{n}")]), token) for n in range(25)]
            centres.hear(lambda turn=turn: len(centres.heard) > turn * 25)  # type: ignore[misc]  # bound at once
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(CUT)
        for place in places:
            centres.answers(place)
        assert verify_store(one.ingest.store, lambda _: None) == []
        head = one.ingest.store.heads()[centres.node]

    accepted = [a.id for _, r in centres.heard for a in r.results if a.status == "accepted"]
    assert head.position == 100
    assert len(accepted) == len(set(accepted))
    assert {a.status for _, r in centres.heard for a in r.results} <= {"accepted", "duplicate"}
