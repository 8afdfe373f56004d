"""Facts of things."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import pytest

from services.backbone.warehouse import connect
from services.dashboard_api import fact_reader
from services.dashboard_api.fact_reader import THINGS_AT_ONCE, facts_of, status_before
from services.dashboard_api.facts import Key, by_thing
from services.dashboard_api.readers import Readers
from services.projector.migrations import apply
from tests.dashboard_api.histories import COUNTY, NOON, STATION
from tests.dashboard_api.world import World
from tests.support.clickhouse import ClickHouse
from tests.support.events import minimal
from tests.support.records import Recorder, province

EVER = datetime(2200, 1, 1, tzinfo=UTC)
LONG_ID = "J" * 60


def things_in(world: World) -> list[Key]:
    """Some that there are, of several elements."""
    rows = world.writing.rows("SELECT DISTINCT element, id FROM states ORDER BY id LIMIT 40")
    return [(element, id_) for element, id_ in rows]


async def test_many_facts_are_read_in_parts(
    history: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are named in one question, all of them come, in the same order."""
    things = things_in(history)
    whole = await facts_of(history.readers, things, known=EVER)
    monkeypatch.setattr(fact_reader, "THINGS_AT_ONCE", 3)
    parts = await facts_of(history.readers, things, known=EVER)

    assert len(whole) > 100
    assert parts == whole


async def test_facts_stand_by_thing_and_version(history: World) -> None:
    """Each once, in whatever order and however often the warehouse gives them."""
    whole = await facts_of(history.readers, things_in(history), known=EVER)
    places = [(fact.element, fact.subject, fact.version) for fact in whole]

    assert places == sorted(set(places))


async def test_a_fact_that_was_taken_in_twice_comes_once(world: World) -> None:
    """Before the engine has put the two rows together."""
    entries = list(islice(province(2, per_day=200), 60))
    world.take(entries)
    once = await facts_of(world.readers, things_in(world), known=EVER)
    world.take(entries)

    assert len(world.writing.rows("SELECT version FROM histories")) > len(entries)
    assert await facts_of(world.readers, things_in(world), known=EVER) == once


async def test_a_number_that_two_elements_share_is_not_mixed_up(world: World) -> None:
    """An item and a dossier may bear the same number: each has facts of its own."""
    recorder = Recorder()
    numbered = {"property.seized": "item_no", "dossier.compiled": "dossier_no"}
    for n, (type_, number) in enumerate(numbered.items()):
        entry = recorder.record(
            type_,
            minimal(type_) | {number: "X1", "org": STATION},
            id_=f"fact-{n}",
            sender=COUNTY,
            occurred_at=NOON,
            received_at=NOON,
        )
        world.take([entry])

    facts = await facts_of(world.readers, [("dossier", "X1")], known=EVER)

    assert [(fact.element, fact.type) for fact in facts] == [("dossier", "dossier.compiled")]


async def test_facts_between_two_moments(history: World) -> None:
    """Those that happened from the one to the other, both included."""
    things = things_in(history)
    whole = await facts_of(history.readers, things, known=EVER)
    moments = sorted(fact.occurred_at for fact in whole)
    since, until = moments[len(moments) // 3], moments[len(moments) // 2]

    some = await facts_of(history.readers, things, known=EVER, between=(since, until))

    assert some == [fact for fact in whole if since <= fact.occurred_at <= until]
    assert 0 < len(some) < len(whole)


async def test_the_status_before_a_moment_is_that_of_the_last_fact_before(history: World) -> None:
    """By when it happened, of those known then; empty where there is none."""
    for key, facts in by_thing(await facts_of(history.readers, things_in(history), known=EVER)):
        for known in (EVER, facts[len(facts) // 2].received_at):
            for moment in (facts[0].occurred_at, facts[-1].occurred_at, EVER):
                earlier = [
                    (fact.occurred_at, fact.version, fact.moved["to_status"])
                    for fact in facts
                    if fact.occurred_at < moment and fact.received_at <= known
                ]
                expected = max(earlier)[-1] if earlier else ""

                assert await status_before(history.readers, key, moment, known) == expected


@pytest.fixture
def over_http(clickhouse: ClickHouse, clickhouse_database: str) -> Iterator[Readers]:
    """Empty views of a server."""
    dsn = clickhouse.dsn(database=clickhouse_database)
    with connect(dsn) as warehouse:
        apply(warehouse)
        readers = Readers([connect(dsn)])
        yield readers
        readers.close()


async def test_as_many_things_as_are_named_at_once_go_over_http(over_http: Readers) -> None:
    """With ids as long as they come."""
    things = [("incident", f"{n:04d}{LONG_ID}") for n in range(THINGS_AT_ONCE)]

    assert await facts_of(over_http, things, known=EVER) == []
