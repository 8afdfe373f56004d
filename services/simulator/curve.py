"""A day's curve: the quiet of the night, the rise of the morning, the busy evening.  Pure."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from random import Random

from services.simulator.times import DAY, HOUR

HOURLY = (
    0.62, 0.42, 0.30, 0.22, 0.18, 0.20, 0.34, 0.62, 0.95, 1.10, 1.16, 1.10,
    1.00, 0.98, 1.06, 1.12, 1.15, 1.18, 1.28, 1.48, 1.66, 1.72, 1.52, 1.02,
)  # fmt: skip
"""How busy each local hour is beside the others."""

_UNTIL = list(accumulate(hour / sum(HOURLY) for hour in HOURLY))[:-1]

WEEKLY = (0.97, 0.96, 0.98, 0.99, 1.05, 1.06, 0.99)
"""How busy each day of the week is; Monday first."""


def time_of_day(random: Random) -> int:
    """When in the day something begins, in µs after midnight."""
    return min(bisect_right(_UNTIL, random.random()) * HOUR + int(random.random() * HOUR), DAY - 1)


def of_weekday(day: int) -> float:
    """The factor of a local day (1970-01-01 was a Thursday)."""
    return WEEKLY[(day + 3) % 7]
