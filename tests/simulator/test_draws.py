"""Chance that can be repeated."""

from collections import Counter
from uuid import UUID

import pytest

from services.simulator.draws import (
    Table,
    digest_of,
    entry_lag,
    event_id,
    random_of,
    skewed,
    whole,
)
from services.simulator.times import HOUR, MINUTE, SECOND


def test_the_same_name_gives_the_same_draws() -> None:
    """And another name other ones."""
    one, again, other = (random_of(digest_of(1, "stay", n)) for n in ("a", "a", "b"))

    assert [one.random() for _ in range(5)] == [again.random() for _ in range(5)]
    assert one.random() != other.random()


def test_parts_of_a_name_do_not_run_together() -> None:
    """("ab", "c") is not ("a", "bc")."""
    assert digest_of("ab", "c") != digest_of("a", "bc")


def test_event_ids_are_uuids_of_their_own() -> None:
    """Version 8, one for each fact of a life."""
    ids = {event_id(digest_of("life"), n) for n in range(1000)}

    assert len(ids) == 1000
    assert {UUID(i).version for i in ids} == {8}


def test_a_table_draws_by_weight() -> None:
    """Three times the weight, three times as often."""
    table, random = Table(("a", 3), ("b", 1)), random_of(digest_of("weights"))
    drawn = Counter(table.draw(random) for _ in range(4000))

    assert drawn["a"] / drawn["b"] == pytest.approx(3, rel=0.15)


@pytest.mark.parametrize("mean", [0.05, 4.0, 60.0])
def test_arrivals_have_their_mean(mean: float) -> None:
    """Few or many."""
    random = random_of(digest_of("arrivals", mean))

    assert sum(whole(random, mean) for _ in range(4000)) / 4000 == pytest.approx(mean, rel=0.15)


def test_facts_are_typed_in_after_about_a_minute_sometimes_hours() -> None:
    """Never at once, rarely late, never later than a shift."""
    random = random_of(digest_of("lags"))
    lags = sorted(entry_lag(random) for _ in range(20_000))

    assert lags[0] > 0
    assert 30 * SECOND < lags[10_000] < 60 * SECOND
    assert 0.005 < sum(lag >= 30 * MINUTE for lag in lags) / len(lags) < 0.02
    assert lags[-1] <= 6 * HOUR


def test_durations_keep_their_bound() -> None:
    """However long the tail."""
    random = random_of(digest_of("durations"))
    drawn = sorted(skewed(random, HOUR, 1.0, 3 * HOUR) for _ in range(2000))

    assert drawn[-1] == 3 * HOUR
    assert drawn[1000] == pytest.approx(HOUR, rel=0.15)
