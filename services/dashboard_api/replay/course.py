"""The way of a film on from a moment: which step it is at, and what is read ahead of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.dashboard_api.replay.clock import Grid
from services.dashboard_api.replay.scene import Scene, Stretch
from services.dashboard_api.replay.turns import Turns

Read = Callable[[Grid, int], Awaitable[Stretch]]
"""Reads the stretch of a grid that begins after a step."""


class Course:
    """The steps of a grid after one of them, walked in order; ``close`` at the end.

    One stretch is walked while the next one is read, and no more than that is held.
    """

    def __init__(self, grid: Grid, step: int, read: Read) -> None:
        """Begins to read at once what comes after ``step``, where the scene stands."""
        self.step = step
        """What the scene stands at."""
        self._grid = grid
        self._read = read
        self._stretch: Stretch | None = None
        self._reading: asyncio.Task[Stretch] | None = self._begin(step)

    def lags(self, step: int) -> bool:
        """Whether a step is so far ahead that counting anew is quicker than walking there."""
        return step > self._grid.stretch_end(self._grid.stretch_end(self.step))

    def leaves_stretch(self, step: int) -> bool:
        """Whether the way to a step leads from the stretch walked so far into another."""
        return self._stretch is not None and step > self._stretch.last

    async def walk(self, scene: Scene, step: int, turns: Turns) -> None:
        """Move a scene on to a step.

        Raises WarehouseFailed; then the scene stands anywhere.
        """
        while True:
            stretch = self._stretch or await self._next()
            for piece in stretch.pieces(scene, step):
                await turns.take(piece)
            if step <= stretch.last:
                self.step = step
                return
            self._stretch = None

    def close(self) -> None:
        """Nobody waits any more for what is being read."""
        if self._reading:
            self._reading.cancel()

    async def _next(self) -> Stretch:
        assert self._reading is not None  # noqa: S101 - no step lies behind the last stretch
        self._stretch = await self._reading
        last = self._stretch.last
        self._reading = self._begin(last) if last < self._grid.last else None
        return self._stretch

    def _begin(self, after: int) -> asyncio.Task[Stretch]:
        task = asyncio.ensure_future(self._read(self._grid, after))
        task.add_done_callback(looked_at)
        return task


def looked_at(task: asyncio.Task[object]) -> None:
    """What failed after nobody waited for it is no news."""
    if not task.cancelled():
        task.exception()
