"""A day's curve: the quiet of the night, the rise of the morning, the busy evening.  Pure."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from random import Random

from services.simulator.times import DAY, HOUR, OFFSET

HOURLY = (
    0.62, 0.42, 0.30, 0.22, 0.18, 0.20, 0.34, 0.62, 0.95, 1.10, 1.16, 1.10,
    1.00, 0.98, 1.06, 1.12, 1.15, 1.18, 1.28, 1.48, 1.66, 1.72, 1.52, 1.02,
)  # fmt: skip
"""How busy each local hour is beside the others."""

EVENTS = (
    1.17, 1.03, 0.92, 0.81, 0.71, 0.63, 0.59, 0.55, 0.59, 0.70, 0.86, 0.94,
    1.01, 1.05, 1.10, 1.18, 1.28, 1.23, 1.18, 1.22, 1.28, 1.34, 1.36, 1.29,
)  # fmt: skip
"""How many events come of it in each local hour: stays go on long after they began."""

_HOUR_LOAD = tuple(hour / sum(EVENTS) * DAY for hour in EVENTS)
_LOAD_UNTIL = tuple(accumulate(_HOUR_LOAD, initial=0.0))

_UNTIL = list(accumulate(hour / sum(HOURLY) for hour in HOURLY))[:-1]

WEEKLY = (0.97, 0.96, 0.98, 0.99, 1.05, 1.06, 0.99)
"""How busy each day of the week is; Monday first."""


def time_of_day(random: Random) -> int:
    """When in the day something begins, in µs after midnight."""
    return min(bisect_right(_UNTIL, random.random()) * HOUR + int(random.random() * HOUR), DAY - 1)


def of_weekday(day: int) -> float:
    """The factor of a local day (1970-01-01 was a Thursday)."""
    return WEEKLY[(day + 3) % 7]


def load(us: int) -> int:
    """Events until a moment, counted in µs of an average day: it runs fast in busy hours."""
    days, within = divmod(us + OFFSET, DAY)
    hour, rest = divmod(within, HOUR)
    return days * DAY + round(_LOAD_UNTIL[hour] + _HOUR_LOAD[hour] * rest / HOUR)


def moment_of_load(load_us: int) -> int:
    """The moment at which so many events have come: the inverse of ``load``."""
    days, within = divmod(load_us, DAY)
    hour = min(bisect_right(_LOAD_UNTIL, within), 24) - 1
    rest = (within - _LOAD_UNTIL[hour]) / _HOUR_LOAD[hour] * HOUR
    return days * DAY + hour * HOUR + round(rest) - OFFSET
