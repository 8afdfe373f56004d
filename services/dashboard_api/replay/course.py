"""A replay's way on from a moment: which step it is at, and what is read ahead of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.dashboard_api.replay.clock import Clock, Grid
from services.dashboard_api.replay.scene import Scene, Stretch
from services.dashboard_api.replay.turns import Turns

Read = Callable[[Grid, int], Awaitable[Stretch]]
"""Reads the stretch of a grid that begins after a step."""


class Course:
    """The steps of one grid, walked in order; ``close`` at the end.

    One stretch is walked while the next one is read, and no more than that is held.
    """

    def __init__(self, grid: Grid, read: Read) -> None:
        """Begins to read at once."""
        self.grid = grid
        self.step = 0
        """What the scene stands at."""
        self.clock: Clock | None = None
        self._read = read
        self._stretch: Stretch | None = None
        self._reading: asyncio.Task[Stretch] | None = self._begin(0)

    def start(self, speed: int, began_s: float) -> Clock:
        """The anchor is shown at ``began_s``."""
        self.clock = Clock(self.grid, began_s, speed)
        return self.clock

    def lags(self, step: int) -> bool:
        """Whether a step is so far ahead that counting anew is quicker than walking there."""
        return step > self.grid.stretch_end(self.grid.stretch_end(self.step))

    def leaves_stretch(self, step: int) -> bool:
        """Whether the way to a step leads from the stretch walked so far into another."""
        return self._stretch is not None and step > self._stretch.last

    async def walk(self, scene: Scene, step: int, turns: Turns) -> bool:
        """Move a scene on to a step; False when the course was closed on the way.

        Raises WarehouseFailed; then too the scene stands anywhere.
        """
        while True:
            stretch = self._stretch or await self._next()
            if stretch is None:
                return False
            for piece in stretch.pieces(scene, step):
                await turns.take(piece)
            if step <= stretch.last:
                self.step = step
                return True
            self._stretch = None

    def close(self) -> None:
        """Nobody waits any more for what is being read."""
        if self._reading:
            self._reading.cancel()

    async def _next(self) -> Stretch | None:
        reading = self._reading
        assert reading is not None  # noqa: S101 - no step lies behind the last stretch
        await asyncio.wait([reading])
        if reading.cancelled():
            return None
        self._stretch = reading.result()
        last = self._stretch.last
        self._reading = self._begin(last) if last < self.grid.last else None
        return self._stretch

    def _begin(self, after: int) -> asyncio.Task[Stretch]:
        task = asyncio.ensure_future(self._read(self.grid, after))
        task.add_done_callback(_looked_at)
        return task


def _looked_at(task: asyncio.Task[Stretch]) -> None:
    """What failed after nobody waited for it is no news."""
    if not task.cancelled():
        task.exception()
