"""Moments as the warehouse counts them: microseconds since 1970.  Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def moment_of_us(us: int) -> datetime:
    """The moment so many microseconds after 1970 began."""
    # By place: by name it takes half as long again, and replays do it for every arrival.
    return EPOCH + timedelta(0, 0, us)


def us_of_moment(moment: datetime) -> int:
    """The whole microseconds from the beginning of 1970 to a moment."""
    return (moment - EPOCH) // _US
