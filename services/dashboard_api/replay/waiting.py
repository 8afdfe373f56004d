"""The time that replays keep to, and how they wait."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol


class Time(Protocol):
    """A clock that can be waited for."""

    def now_s(self) -> float:
        """Seconds since some beginning."""

    async def wait(self, news: asyncio.Event, until_s: float | None) -> None:
        """Until there is news, or it is that late; at least once round the event loop."""


class LoopTime:
    """The event loop's own time."""

    def now_s(self) -> float:
        """Seconds since some beginning."""
        return asyncio.get_running_loop().time()

    async def wait(self, news: asyncio.Event, until_s: float | None) -> None:
        """Until there is news, or it is that late; at least once round the event loop."""
        await asyncio.sleep(0)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until_s):
                await news.wait()
