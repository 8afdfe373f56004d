"""Recording: when facts were received, on the live log and in loads of history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.events import NOON, event
from tests.support.ingest import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An application over a fresh store."""
    with House(tmp_path) as house:
        yield house


def at(minute: int) -> datetime:
    """A moment of this morning."""
    return NOON - timedelta(hours=12) + timedelta(minutes=minute)


def test_received_at_rises_along_the_live_log(house: House) -> None:
    """Strictly, within a commit and over commits, so that a moment is a prefix."""
    house.record([event(id_=str(n)) for n in range(5)])
    house.record([event(id_=str(n)) for n in range(5, 8)])

    moments = [fact.received_at for fact in house.facts()]
    assert moments == [NOON + timedelta(microseconds=n) for n in range(8)]


@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_that_jumps_back_repeats_the_last_moment(house: House, restart: bool) -> None:
    """What was known at a moment does not change afterwards."""
    house.record([event(id_="1")])
    house.clock.move(hours=-3)
    if restart:
        house.restart()
    house.record([event(id_="2", time=at(0))])

    assert house.facts()[1].received_at == NOON + timedelta(microseconds=1)


def test_what_is_received_after_a_settled_moment_is_later(house: House) -> None:
    """The promise that a watermark gives is kept when the clock jumps back."""
    house.clock.move(seconds=10)
    settled = house.application.settle()
    house.clock.move(seconds=-20)
    house.record([event()])

    assert house.application.settle() == house.facts()[0].received_at > settled


def test_an_import_states_when_its_events_were_received(house: House) -> None:
    """They go to a node of their own, in the order of their stated moments."""
    stated = "2026-01-01T08:00:00+08:00"
    answers = house.record(
        [event(id_="1", receivedtime=stated), event(id_="2", receivedtime=stated)],
        importer=True,
    )

    assert [(a.node, a.position) for a in answers] == [("load-1", 1), ("load-1", 2)]
    assert {f.received_at for f in house.facts("load-1")} == {datetime(2026, 1, 1, tzinfo=UTC)}
    assert house.facts() == []


def test_a_stated_moment_does_not_go_back_on_its_node(house: House) -> None:
    """Loads come in order; what went before cannot be changed afterwards, by the hair."""
    house.record([event(id_="1", receivedtime=at(10).isoformat())], importer=True)
    house.restart()
    before = at(10) - timedelta(microseconds=1)

    answers = house.record(
        [
            event("case.accepted", "2", receivedtime=before.isoformat()),
            event("case.accepted", "3", receivedtime=at(10).isoformat()),
        ],
        importer=True,
    )

    assert answers[0].error
    assert answers[0].error["code"] == "received_out_of_order"
    assert answers[1].status == "accepted"


def test_a_stated_moment_does_not_go_back_in_its_stream(house: House) -> None:
    """A thing that is known live is not given a past behind what was known."""
    house.record([event(id_="1", subject="R1")])

    (answer,) = house.record(
        [event("person.searched", "2", subject="R1", receivedtime=at(10).isoformat())],
        importer=True,
    )

    assert answer.error
    assert (answer.error["code"], answer.error["path"]) == ("received_out_of_order", "receivedtime")


def test_each_load_has_a_node_of_its_own(house: House) -> None:
    """Two importers do not wait for one another's past."""
    house.record([event(id_="1", receivedtime=at(10).isoformat())], importer=True, node="load-a")
    (answer,) = house.record(
        [event("case.accepted", "2", receivedtime=at(0).isoformat())], importer=True, node="load-b"
    )

    assert (answer.status, answer.node, answer.position) == ("accepted", "load-b", 1)


def test_a_stream_runs_on_from_a_load_into_live(house: House) -> None:
    """Versions, status and hash chain go on across nodes, and received_at never decreases."""
    house.record([event("person.admitted", "1", receivedtime=at(10).isoformat())], importer=True)
    house.clock.move(days=-1)
    house.restart()
    house.record([event("person.searched", "2", time=at(-2000))])

    (loaded,), (live,) = house.facts("load-1"), house.facts()
    assert (loaded.version, live.version) == (1, 2)
    assert live.changes[0].from_status == "admitted"
    assert live.received_at == loaded.received_at
    assert house.findings() == []
