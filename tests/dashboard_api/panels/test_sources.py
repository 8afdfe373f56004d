"""Sources: how late each is, which speak for an organisation, and when anything was heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.dashboard_api.panels.buckets import BUCKET_S, bucket_of_moment
from services.dashboard_api.panels.sources import Arrival, Heard, Sources

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
COUNTY, NEIGHBOUR, STATION = "350203000000", "350206000000", "350203500000"


def arrival(after_s: float, lag_s: float = 1.0, sender: str = COUNTY) -> Arrival:
    received = NOON + timedelta(seconds=after_s)
    recorded = received - timedelta(seconds=lag_s)
    return Arrival(sender, received, recorded - timedelta(hours=1), recorded, 3)


def sources_of(*arrivals: Arrival) -> Sources:
    sources = Sources()
    for one in arrivals:
        sources.add(one)
    return sources


def test_one_late_entry_does_not_make_a_source_late() -> None:
    """The lag is that of the quickest fact of the last five minutes."""
    (state,) = sources_of(arrival(0, 2), arrival(10, 9000)).states()

    assert state.lag_s == 2
    assert state.last_received_at == NOON + timedelta(seconds=10)


def test_a_quick_fact_of_long_ago_says_nothing() -> None:
    """After five minutes in which all came late, the source is late."""
    (state,) = sources_of(arrival(0, 2), arrival(200, 500), arrival(301, 400)).states()

    assert state.lag_s == 400


def test_first_and_last_are_kept() -> None:
    """A source knows when it was heard first, and what its newest fact said."""
    sources = Sources()
    sources.first_heard(COUNTY, NOON - timedelta(days=9))
    sources.add(arrival(5))

    (state,) = sources.states()
    assert state.first_received_at == NOON - timedelta(days=9)
    assert state.last_occurred_at == NOON + timedelta(seconds=4) - timedelta(hours=1)
    assert state.missing == 3


def test_a_stations_sources_are_its_countys() -> None:
    """The county's centre speaks for its stations."""
    assert sources_of(arrival(0)).scope_for(STATION, NOON) == "350203"


def test_where_none_ever_sent_the_level_above_speaks() -> None:
    """A county without a system of its own is told of by the city's, then the province's."""
    city = sources_of(arrival(0, sender=NEIGHBOUR))
    province = sources_of(arrival(0, sender="350000000000"))

    assert city.scope_for(STATION, NOON) == "3502"
    assert province.scope_for(STATION, NOON) == "35"


def test_a_source_speaks_from_its_first_fact_on() -> None:
    """At a moment before it was ever heard, a county's source does not count."""
    sources = sources_of(arrival(-60, sender=NEIGHBOUR), arrival(0))

    assert sources.scope_for(STATION, NOON - timedelta(seconds=1)) == "3502"
    assert sources.scope_for(STATION, NOON) == "350203"


def test_a_bucket_is_known_when_it_or_the_one_before_was_heard() -> None:
    """Ten quiet minutes are no outage, twenty are."""
    bucket = bucket_of_moment(NOON)
    heard = Heard([(COUNTY, bucket)])

    known = [heard.knows("350203", bucket + n * BUCKET_S) for n in (-1, 0, 1, 2)]
    assert known == [False, True, True, False]


def test_what_a_county_sends_is_heard_by_those_above_it_alone() -> None:
    """A neighbour's facts do not make a silent county known."""
    bucket = bucket_of_moment(NOON)
    heard = Heard([(COUNTY, bucket)])

    assert [heard.knows(scope, bucket) for scope in ("35", "3502", "350206")] == [
        True, True, False,
    ]  # fmt: skip


def test_touched_names_scopes_heard_anew() -> None:
    """Only the first fact of a bucket is news."""
    heard = Heard()
    heard.note(arrival(0))
    assert heard.touched() == {"35", "3502", "350203"}

    heard.note(arrival(-1))
    assert heard.touched() == set()


def test_old_buckets_are_let_go() -> None:
    """Nothing grows with the time that a server runs."""
    bucket = bucket_of_moment(NOON)
    heard = Heard([(COUNTY, bucket - BUCKET_S), (COUNTY, bucket)])

    heard.forget_before(bucket)

    assert not heard.knows("350203", bucket - BUCKET_S)
    assert heard.knows("350203", bucket)
