"""Chance that can be repeated: every draw hangs on the seed and on what it is drawn for.  Pure.

No draw depends on an earlier life: each life has a stream of its own, named by what the life
is, so any day of the province can be made again without the days before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b
from itertools import accumulate
from math import exp
from random import Random
from statistics import NormalDist
from typing import Generic, TypeVar

from services.simulator.times import SECOND

T = TypeVar("T")

_STEPS = 4096
_NORMAL = [NormalDist().inv_cdf((n + 0.5) / _STEPS) for n in range(_STEPS)]
"""A normal deviate for each step of an even chance: quicker than drawing one."""
_ENTRY = [min(int(45 * SECOND * exp(0.8 * z)), 900 * SECOND) for z in _NORMAL]


def digest_of(*parts: object) -> bytes:
    """16 bytes that stand for these parts."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).digest()


def random_of(digest: bytes) -> Random:
    """The stream of draws that belongs to a digest."""
    return Random(int.from_bytes(digest, "big"))


def event_id(digest: bytes, index: int) -> str:
    """A UUID (version 8, RFC 9562) for the n-th fact of a life."""
    h = blake2b(digest + index.to_bytes(4, "big"), digest_size=16).hexdigest()
    return f"{h[:8]}-{h[8:12]}-8{h[13:16]}-a{h[17:20]}-{h[20:]}"


class Table(Generic[T]):
    """Things with weights, drawn by weight."""

    def __init__(self, *rows: tuple[T, float]) -> None:
        self.items: tuple[T, ...] = tuple(item for item, _ in rows)
        total = sum(weight for _, weight in rows)
        self._until = list(accumulate(weight / total for _, weight in rows))[:-1]

    def draw(self, random: Random) -> T:
        """One of the things."""
        return self.at(random.random())

    def at(self, chance: float) -> T:
        """The thing at a chance from 0 to 1 that was drawn before."""
        return self.items[bisect_right(self._until, chance)]


def pick(random: Random, items: Sequence[T]) -> T:
    """One of equals; quicker than ``Random.choice``."""
    return items[int(random.random() * len(items))]


def between(random: Random, low_us: int, high_us: int) -> int:
    """A duration, evenly drawn."""
    return low_us + int(random.random() * (high_us - low_us))


def skewed(random: Random, median_us: int, spread: float, most_us: int) -> int:
    """A duration as waiting times are: mostly near the median, with a long tail (log-normal)."""
    return min(int(median_us * exp(spread * _NORMAL[int(random.random() * _STEPS)])), most_us)


def whole(random: Random, mean: float) -> int:
    """A whole number of that mean: how many lives begin; spread as arrivals are."""
    if mean > 30:
        return max(0, round(random.gauss(mean, mean**0.5)))
    limit, count, product = exp(-mean), 0, random.random()
    while product > limit:
        count += 1
        product *= random.random()
    return count


def entry_lag(random: Random) -> int:
    """How long after the fact somebody typed it in: about a minute, sometimes hours."""
    chance = random.random()
    if chance < 0.012:
        return 1_800 * SECOND + int(chance / 0.012 * 19_800 * SECOND)
    return _ENTRY[int(chance * _STEPS)]
