"""Two clocks: the province's own and the wall's."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.simulator import curve
from services.simulator.pace import Pace, Stretch
from services.simulator.times import DAY, HOUR, SECOND, aware, day_of, midnight

NOON = 1_795_000_000 * SECOND


def test_without_a_stretch_both_clocks_are_one() -> None:
    """The province's natural pace."""
    pace = Pace()

    assert (pace.wall(NOON), pace.own(NOON), pace.factor) == (NOON, NOON, 1.0)
    assert pace.moment(NOON) == aware(NOON)


def test_a_fast_clock_lets_more_happen_in_less_time() -> None:
    """At ten times the pace ten days go by in one; what was before keeps its time."""
    pace = Pace([Stretch(NOON, NOON, 10.0)])

    assert pace.wall(NOON + 10 * DAY) == NOON + DAY
    assert pace.own(NOON + DAY) == NOON + 10 * DAY
    assert pace.wall(NOON - HOUR) == NOON - HOUR


def test_a_fast_clock_hurries_through_quiet_hours() -> None:
    """So that as much happens in each minute of the wall."""
    night = midnight(day_of(NOON)) + 3 * HOUR
    evening = midnight(day_of(NOON)) + 20 * HOUR
    at_night, at_evening = Pace([Stretch(night, NOON, 10.0)]), Pace([Stretch(evening, NOON, 10.0)])

    quiet = at_night.wall(night + HOUR) - NOON
    busy = at_evening.wall(evening + HOUR) - NOON
    assert busy / quiet == pytest.approx(curve.EVENTS[20] / curve.EVENTS[3], rel=1e-6)


@given(st.floats(0.01, 5000), st.integers(0, 10**13))
def test_both_ways_agree(factor: float, later: int) -> None:
    """What is due now is not told as of later."""
    pace = Pace([Stretch(NOON, NOON, factor)])

    assert abs(pace.wall(pace.own(NOON + later)) - NOON - later) <= 2 + 2 / factor


def test_a_new_stretch_leaves_out_the_time_when_nothing_ran() -> None:
    """The province goes on where it stood, at the present time of the wall."""
    first = Pace([Stretch(NOON, NOON, 10.0)])
    resumed = first.then(Stretch(NOON + 10 * DAY, NOON + 5 * DAY, 1.0))

    assert resumed.wall(NOON + 9 * DAY) == first.wall(NOON + 9 * DAY)
    assert resumed.wall(NOON + 11 * DAY) == NOON + 6 * DAY
    assert resumed.own(NOON + 5 * DAY) == NOON + 10 * DAY


def test_what_was_said_of_the_future_is_said_again_in_the_same_words() -> None:
    """A date due was told before anyone knew that the pace would change."""
    before = Pace([Stretch(NOON, NOON, 10.0)])
    after = before.then(Stretch(NOON + HOUR, NOON + 8 * HOUR, 2.0))

    due = NOON + 20 * HOUR
    assert after.known_at(NOON + HOUR - 1).wall(due) == before.wall(due)
    assert after.known_at(NOON + HOUR).wall(due) == after.wall(due) != before.wall(due)


@example([(0, 0, 729.0), (0, 65319011, 1.0)], [1, 65319171])
@given(
    st.lists(
        st.tuples(st.integers(0, HOUR), st.integers(0, HOUR), st.floats(0.1, 1000)), max_size=4
    ),
    st.lists(st.integers(-HOUR, 400 * HOUR), min_size=2, max_size=8),
)
def test_time_never_runs_backwards(steps: list[tuple[int, int, float]], moments: list[int]) -> None:
    """Whatever paces follow one another, what comes later is later on both clocks."""
    pace = Pace()
    now = NOON
    for ahead, pause, factor in steps:
        own = pace.own(now + ahead)
        now += ahead + pause
        pace = pace.then(Stretch(own, now, factor))
    walls = [pace.wall(NOON + m) for m in sorted(moments)]
    owns = [pace.own(NOON + m) for m in sorted(moments)]

    assert walls == sorted(walls)
    assert owns == sorted(owns)
