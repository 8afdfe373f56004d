"""Ten-minute buckets are named by their end and hold it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.dashboard_api.panels.buckets import (
    BUCKET_S,
    bucket_of_moment,
    buckets_until,
    key_of,
    moment_of,
)

MOMENTS = st.integers(0, 4_000_000_000_000_000).map(
    lambda us: datetime(1980, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)


@given(MOMENTS)
def test_a_moment_lies_within_its_bucket(moment: datetime) -> None:
    """After the bucket before, and not after its own end."""
    end = moment_of(bucket_of_moment(moment))

    assert end - timedelta(seconds=BUCKET_S) < moment <= end


def test_an_end_belongs_to_its_own_bucket() -> None:
    """What is received at the very end is in; a microsecond later is the next."""
    end = datetime(2026, 11, 22, 14, 50, tzinfo=UTC)

    assert moment_of(bucket_of_moment(end)) == end
    later = end + timedelta(microseconds=1)
    assert moment_of(bucket_of_moment(later)) == end + timedelta(minutes=10)


def test_a_day_has_144_buckets() -> None:
    """The newest is the last."""
    buckets = buckets_until(bucket_of_moment(datetime(2026, 11, 22, 14, 45, tzinfo=UTC)))

    assert len(buckets) == 144
    assert key_of(buckets[-1]) == "2026-11-22T14:50:00Z"
    assert key_of(buckets[0]) == "2026-11-21T15:00:00Z"
