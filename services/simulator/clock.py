"""The clock on the wall, which tests replace."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from services.simulator.times import SECOND


class Clock(Protocol):
    """What the time is, and how to let it pass."""

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others run for that long."""
        ...


class WallClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return time.time_ns() // 1000

    async def sleep(self, seconds: float) -> None:
        """Let others run for that long."""
        await asyncio.sleep(seconds)


def seconds(us: int) -> float:
    """A duration in seconds."""
    return us / SECOND
