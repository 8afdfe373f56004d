"""The numbers of any moment, read from the views."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.elements import ELEMENTS
from schemas.organisations import scope_of
from services.backbone.errors import WarehouseFailed
from services.dashboard_api.moment import Bounds, Moments
from services.dashboard_api.panels.buckets import BUCKET_S, BUCKETS, bucket_of_moment
from services.dashboard_api.panels.levels import Levels, total
from services.dashboard_api.panels.sources import Sources
from services.dashboard_api.reads import Reads
from services.projector.keyframes import Keyframes
from tests.dashboard_api.histories import ORGS, START, made_up
from tests.dashboard_api.world import PROVINCE, World, levels_by_hand, total_by_hand

SECONDS = st.integers(min_value=-5 * 86_400, max_value=62 * 3600)
AT_MOMENTS = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def moment(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


@AT_MOMENTS
@given(seconds=SECONDS)
async def test_levels_are_those_counted_by_hand(history: World, seconds: int) -> None:
    """At any moment the levels equal a count of the things, one by one, from the log."""
    levels = await history.reads.levels(moment(seconds))

    assert cells(levels) == levels_by_hand(history.entries, moment(seconds))


async def test_levels_rest_on_no_keyframe_that_is_gone(world: World) -> None:
    """Emptied after they were remembered, as a rebuild does it, and written again."""
    world.take(made_up(7))
    as_of = moment(50 * 3600)
    whole = await world.reads.levels(as_of)

    world.writing.command("TRUNCATE TABLE keyframes")
    without = await world.reads.levels(as_of)
    Keyframes(world.writing).close({"main": as_of})
    again = await world.reads.levels(as_of)

    assert cells(whole) == levels_by_hand(world.entries, as_of)
    assert cells(without) == cells(again) == cells(whole)


async def test_levels_are_not_told_while_keyframes_come_and_go(
    history: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that rests on half of them would be wrong: none is told; asking again may help."""
    moments = Moments(history.readers, history.progress)
    plain = moments.bounds

    async def one_more(as_of: datetime) -> Bounds:
        bounds = await plain(as_of)
        return bounds._replace(rest_on=bounds.rest_on + 1)

    monkeypatch.setattr(moments, "bounds", one_more)

    with pytest.raises(WarehouseFailed) as failed:
        await Reads(history.readers, moments).levels(moment(50 * 3600))

    assert failed.value.temporary


def cells(levels: Levels) -> dict[tuple[str, ...], int]:
    """How many stand where, without the places where nothing does."""
    return {tuple(cell): n for cell, n in levels.cells.items() if n}


@AT_MOMENTS
@given(seconds=SECONDS)
async def test_province_is_the_sum_of_cities_counties_and_stations(
    history: World, seconds: int
) -> None:
    """Province = Σ cities = Σ counties = Σ stations, for every element, at any moment."""
    as_of = moment(seconds)
    whole = await history.reads.levels(as_of)
    for element in ELEMENTS:
        expected = total_by_hand(history.entries, element, PROVINCE, as_of)
        cities = whole.children(element, PROVINCE)
        counties = dict(whole.counties(element, PROVINCE))
        stations = [
            station
            for county, own in counties.items()
            for station in (
                [total(element, one) for one in whole.children(element, county).values()]
                if len(scope_of(county)) == 6
                else [own]
            )
        ]

        assert total(element, whole.statuses(element, PROVINCE)) == expected
        assert sum(total(element, s) for s in cities.values()) == expected
        assert sum(counties.values()) == expected
        assert sum(stations) == expected


@AT_MOMENTS
@given(seconds=SECONDS, org=st.sampled_from((PROVINCE, *ORGS)), data=st.data())
async def test_the_query_of_one_organisation_agrees_with_that_of_all(
    history: World, seconds: int, org: str, data: st.DataObject
) -> None:
    """The coarse query for one organisation gives the numbers of the fine one for all."""
    element = data.draw(st.sampled_from(sorted(ELEMENTS)))
    whole = (await history.reads.counted(moment(seconds), senders=())).levels
    own = (
        await history.reads.counted(moment(seconds), senders=(), elements=[element], org=org)
    ).levels

    at = moment(seconds)
    assert shown(own, element, org, at) == shown(whole, element, org, at)


@AT_MOMENTS
@given(seconds=SECONDS, org=st.sampled_from((PROVINCE, *ORGS)))
async def test_what_was_heard_for_one_organisation_agrees_with_what_was_heard_for_all(
    history: World, seconds: int, org: str
) -> None:
    """Asked without codes, the same buckets are known as when asked by county."""
    at = moment(seconds)
    sources = Sources()
    for sender, first in await history.reads.first_heard():
        sources.first_heard(sender, first)
    scope = sources.scope_for(org, at)
    speaking = [sender for sender in sources.senders() if sender.startswith(scope)]
    whole = (await history.reads.counted(at, senders=sources.senders())).heard
    own = (await history.reads.counted(at, senders=speaking, elements=["case"], org=org)).heard

    newest = bucket_of_moment(at)
    buckets = [newest - n * BUCKET_S for n in range(BUCKETS)]
    assert [own.knows(scope, b) for b in buckets] == [whole.knows(scope, b) for b in buckets]


def shown(levels: Levels, element: str, org: str, as_of: datetime) -> object:
    """What a frame takes from levels."""
    return (
        {s: n for s, n in levels.statuses(element, org).items() if n},
        {c: total(element, s) for c, s in levels.children(element, org).items() if any(s.values())},
        {c: n for c, n in levels.counties(element, org) if n},
        levels.trend(element, org, bucket_of_moment(as_of)),
    )


async def test_sources_stay_known_when_they_have_been_silent_for_days(history: World) -> None:
    """A source of which nothing came in the last day is read from older history."""
    firsts = await history.reads.first_heard()
    later = START + timedelta(days=30)

    sources = await history.reads.sources(later, firsts)

    assert {s.sender for s in sources.states()} == {sender for sender, _ in firsts}


@pytest.mark.parametrize("org", [PROVINCE, "350200000000", "350203000000", "350203500000"])
async def test_every_bucket_of_a_trend_is_the_total_of_its_end(history: World, org: str) -> None:
    """The trend's value at a bucket's end is what the panel showed at that moment."""
    as_of = START + timedelta(hours=55)
    newest = int(-(-as_of.timestamp() // 600) * 600)
    levels = (await history.reads.counted(as_of, senders=())).levels

    values = levels.trend("person", org, newest)

    for i in range(0, 144, 13):
        end = min(as_of, datetime.fromtimestamp(newest - (143 - i) * 600, tz=as_of.tzinfo))
        assert values[i] == total_by_hand(history.entries, "person", org, end)
