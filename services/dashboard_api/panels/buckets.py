"""The ten-minute buckets of a trend.  Pure.

A bucket is named by its end, in seconds since 1970, and holds what was received after the end
of the bucket before and not later than its own: (end - 600 s, end].
"""

from __future__ import annotations

from datetime import UTC, datetime

from services.dashboard_api.microseconds import us_of_moment

BUCKET_S = 600
BUCKETS = 144


def bucket_of_moment(moment: datetime) -> int:
    """The end of the bucket that a moment falls in."""
    return -(-us_of_moment(moment) // (BUCKET_S * 1_000_000)) * BUCKET_S


def buckets_until(newest: int) -> range:
    """The ends of the 144 buckets of the day that ends with ``newest``, oldest first."""
    return range(newest - (BUCKETS - 1) * BUCKET_S, newest + 1, BUCKET_S)


def key_of(bucket: int) -> str:
    """The end of a bucket as frames write it."""
    return datetime.fromtimestamp(bucket, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(bucket: int) -> datetime:
    """The end of a bucket."""
    return datetime.fromtimestamp(bucket, UTC)
