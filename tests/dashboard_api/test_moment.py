"""Which keyframe and which days of flows add up to a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.backbone.log import LOAD_PREFIX
from services.dashboard_api.moment import Moments, Stretch, bounds_of
from services.dashboard_api.readers import Row
from tests.dashboard_api.histories import START, made_up, record_in
from tests.dashboard_api.world import World


@pytest.fixture
def days(history: World) -> tuple[World, Moments]:
    """The made-up sixty hours, from the 20th to the 22nd, with an import from the 16th on."""
    return history, Moments(history.readers, history.progress)


async def spans(moments: Moments, as_of: datetime) -> dict[str, tuple[Any, Any, Any]]:
    """(keyframe, since, until) of each node."""
    p = (await moments.bounds(as_of)).parameters
    return {
        p[f"node_{i}"]: (p.get(f"keyframe_{i}"), p[f"since_{i}"], p[f"until_{i}"])
        for i in range(sum(name.startswith("node_") for name in p))
    }


async def test_a_day_of_the_past_is_its_keyframe_and_that_day(
    days: tuple[World, Moments],
) -> None:
    """Where a later keyframe stands, nothing between it and the moment's day moved."""
    _, moments = days

    found = await spans(moments, datetime(2026, 11, 21, 9, tzinfo=UTC))

    assert found["main"] == (date(2026, 11, 21), date(2026, 11, 21), date(2026, 11, 21))


async def test_an_import_of_long_ago_ends_with_its_last_day(days: tuple[World, Moments]) -> None:
    """No flow is looked for after the last record of a load."""
    world, moments = days
    last = max(
        r.received_at for r in map(record_in, world.entries) if r.node.startswith(LOAD_PREFIX)
    )

    found = await spans(moments, world.watermark)

    assert found["load-1"][2] == last.date()


async def test_which_keyframes_stand_is_asked_for_once(
    days: tuple[World, Moments], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moments of days whose keyframes are known need no question; those of other days do."""
    history, moments = days
    plain, asked = history.readers.rows, list[str]()

    async def listening(query: str, parameters: Mapping[str, Any]) -> list[Row]:
        asked.append(query)
        return await plain(query, parameters)

    monkeypatch.setattr(history.readers, "rows", listening)
    first = await moments.bounds(datetime(2026, 11, 21, 9, tzinfo=UTC))
    once = len(asked)
    later = await moments.bounds(datetime(2026, 11, 21, 15, tzinfo=UTC))
    await moments.bounds(datetime(2026, 11, 22, 9, tzinfo=UTC))

    assert later == first
    assert len(asked) == once > 0
    await moments.bounds(datetime(2026, 11, 25, 9, tzinfo=UTC))
    assert len(asked) == once + 1


async def test_a_keyframe_written_later_is_found(world: World) -> None:
    """Once a day is closed, its moments no longer rest on the keyframe of before."""
    entries = made_up(1)
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    early = [e for e in entries if record_in(e).received_at < noon - timedelta(days=1)]
    moments = Moments(world.readers, world.progress)
    world.take(early)
    assert (await spans(moments, noon))["main"][0] == date(2026, 11, 21)

    world.take(entries[len(early) :])

    assert (await spans(moments, noon))["main"][0] == date(2026, 11, 22)


async def test_before_a_node_began_there_is_nothing(days: tuple[World, Moments]) -> None:
    """A node that had not begun by then is left out."""
    _, moments = days

    found = await spans(moments, START - timedelta(days=2))

    assert set(found) == {"load-1"}
    assert await spans(moments, START - timedelta(days=30)) == {}


async def test_without_a_keyframe_all_days_are_summed(world: World) -> None:
    """On its first day a node has none yet."""
    world.take(made_up(1, hours=3, facts=20)[60:])

    found = await spans(Moments(world.readers, world.progress), world.watermark)

    assert found["main"] == (None, START.date(), START.date())


def test_nothing_to_sum_is_a_condition_too() -> None:
    """An empty store is asked with a condition that never holds."""
    bounds = bounds_of([])

    assert bounds.fill("a [keyframes] b [flows]") == "a false b false"


def test_conditions_hold_parameters_alone() -> None:
    """A node's name never becomes part of a query's text."""
    evil = "main' OR 1=1 --"

    bounds = bounds_of([Stretch(evil, date(2026, 11, 1), date(2026, 11, 1), date(2026, 11, 2))])

    assert "OR 1=1" not in bounds.keyframes + bounds.flows
    assert bounds.parameters["node_0"] == evil
