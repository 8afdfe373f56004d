"""Microseconds since 1970 and back, exactly."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.dashboard_api.microseconds import moment_of_us, us_of_moment


@given(st.integers(-(2**55), 2**56))
def test_a_moment_and_its_microseconds_are_one(us: int) -> None:
    """Nothing is rounded, before 1970 and long after."""
    assert us_of_moment(moment_of_us(us)) == us


def test_the_moment_is_utc() -> None:
    """A known moment, to the microsecond."""
    assert moment_of_us(1_795_348_800_000_001) == datetime(2026, 11, 22, 12, 0, 0, 1, tzinfo=UTC)
