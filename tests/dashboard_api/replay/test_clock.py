"""Which moment of a replay is due when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.dashboard_api.replay.clock import (
    FASTEST,
    PUSH_S,
    SLOWEST,
    STRETCH_MOST,
    STRETCH_STEPS,
    Clock,
    Grid,
    grid_from,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SPEEDS = st.integers(SLOWEST, FASTEST)
SPANS = st.integers(1, 3 * 86_400 * 1_000_000).map(lambda us: timedelta(microseconds=us))


def clock(span: timedelta, speed: int, began_s: float = 0.0) -> Clock:
    """A clock that plays a span from noon on."""
    return Clock(grid_from(NOON, NOON + span, speed), began_s, speed)


def test_four_moments_a_second() -> None:
    """At ×600 they lie 150 seconds apart, and the last one is the end."""
    playing = clock(timedelta(minutes=6), 600, began_s=50.0)

    moments = [playing.grid.moment(step) for step in range(4)]

    assert [(moment - NOON).total_seconds() for moment in moments] == [0, 150, 300, 360]
    assert playing.grid.last == 3
    assert [playing.due_s(step) for step in range(4)] == [50, 50.25, 50.5, 50.6]


@given(SPANS, SPEEDS, st.floats(0, 1e6))
def test_a_step_is_reached_when_it_is_due(span: timedelta, speed: int, began_s: float) -> None:
    """Not before, and none is left out by rounding, wherever the clock of the wall stands."""
    playing = clock(span, speed, began_s)
    for step in {0, 1, 2, 7, playing.grid.last - 1, playing.grid.last}:
        if 0 <= step <= playing.grid.last:
            assert playing.reached(playing.due_s(step)) == step
            assert playing.reached(playing.due_s(step) - PUSH_S / 2) < max(step, 1)


def test_the_end_is_never_passed() -> None:
    """However late it is."""
    playing = clock(timedelta(minutes=6), 600)

    assert playing.reached(1e9) == playing.grid.last
    assert playing.grid.moment(99) == NOON + timedelta(minutes=6)
    assert playing.reached(-1.0) == 0


@given(SPANS, SPEEDS)
def test_stretches_join_and_stay_small(span: timedelta, speed: int) -> None:
    """Each begins where the one before ended, up to the last step."""
    grid: Grid = clock(span, speed).grid
    after = 0
    for _ in range(10):
        end = grid.stretch_end(after)
        assert after < end <= after + STRETCH_STEPS or after == grid.last
        assert grid.moment(end) - grid.moment(after) <= max(STRETCH_MOST, grid.step)
        after = end
    assert grid.stretch_end(grid.last) == grid.last
