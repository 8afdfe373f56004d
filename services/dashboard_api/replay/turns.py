"""The share of the process that all replays have together.

Replays work on the event loop that live works on too.  So they work one at a time, in pieces of
a few milliseconds, and rest for as long as they worked: together they never take more than
half of it, however many there are.  One that gets no turn in time shows a later moment instead.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")
SHARE = 0.5
REST_AFTER_S = 0.005
"""Shorter rests would come out longer than asked for."""


class Turns:
    """Lets one work at a time, and rests between."""

    def __init__(
        self, *, share: float = SHARE, clock_s: Callable[[], float] = time.perf_counter
    ) -> None:
        self._rest_ratio = (1 - share) / share
        self._clock_s = clock_s
        self._lock = asyncio.Lock()
        self._worked_s = 0.0

    async def take(self, work: Callable[[], _T]) -> _T:
        """Do a short piece of work when it is its turn, in the order of asking."""
        async with self._lock:
            began_s = self._clock_s()
            done = work()
            self._worked_s += self._clock_s() - began_s
            rest_s = 0.0
            if self._worked_s >= REST_AFTER_S:
                rest_s, self._worked_s = self._worked_s * self._rest_ratio, 0.0
            await asyncio.sleep(rest_s)
        return done
