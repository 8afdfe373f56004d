"""Time as whole microseconds since 1970 UTC, and days as people in Fujian count them.  Pure.

Whole numbers keep the generator fast and exact; ``aware`` makes the datetime that is sent.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

CHINA = timezone(timedelta(hours=8))
OFFSET = 8 * HOUR
_EPOCH = datetime(1970, 1, 1, 8, tzinfo=CHINA)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)


def aware(us: int) -> datetime:
    """The moment in China's offset, as a centre's system writes it."""
    return _EPOCH + timedelta(microseconds=us)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH_UTC) // timedelta(microseconds=1)


def day_of(us: int) -> int:
    """The local day, counted from 1970."""
    return (us + OFFSET) // DAY


def midnight(day: int) -> int:
    """When a local day begins."""
    return day * DAY - OFFSET


@lru_cache(maxsize=512)
def day_digits(day: int) -> str:
    """``20261123`` of a local day."""
    return f"{aware(midnight(day)):%Y%m%d}"
