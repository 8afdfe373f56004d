"""The clock of a replay: which moment is due when.  Pure.

While a replay plays, its moments lie on a grid: one for each push, so far apart as the speed
says.  What lies between two of them is read ahead for many steps at once, in stretches.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import NamedTuple

PUSH_S = 0.25
"""Four pushes a second."""
SLOWEST, FASTEST = 1, 3600
STRETCH_STEPS = 20
"""So many steps are read ahead at once: five seconds of playing."""
STRETCH_MOST = timedelta(hours=2)
"""A stretch is not longer than this, so that what is held in memory stays small."""
_ROUNDING = 1e-6


class Grid(NamedTuple):
    """The moments of a replay that plays from ``anchor`` to ``to``; step 0 is the anchor."""

    anchor: datetime
    step: timedelta
    to: datetime

    @property
    def last(self) -> int:
        """The step that shows ``to``; it may be shorter than the others."""
        return -((self.anchor - self.to) // self.step)

    def moment(self, step: int) -> datetime:
        """What is shown at a step."""
        return min(self.anchor + step * self.step, self.to)

    @property
    def stretch_steps(self) -> int:
        """How many steps are read at once."""
        return max(1, min(STRETCH_STEPS, STRETCH_MOST // self.step))

    def stretch_end(self, step: int) -> int:
        """The last step of the stretch that begins after a step."""
        return min(step + self.stretch_steps, self.last)


class Clock(NamedTuple):
    """A grid that began to play at ``began_s`` of some clock of seconds."""

    grid: Grid
    began_s: float
    speed: int

    def due_s(self, step: int) -> float:
        """When a step is to be shown."""
        return self.began_s + (self.grid.moment(step) - self.grid.anchor).total_seconds() / (
            self.speed
        )

    def reached(self, now_s: float) -> int:
        """The newest step that is due; 0 before any is."""
        if now_s >= self.due_s(self.grid.last):
            return self.grid.last
        return max(0, math.floor((now_s - self.began_s) / PUSH_S + _ROUNDING))


def grid_from(moment: datetime, to: datetime, speed: int) -> Grid:
    """The grid that begins at a moment."""
    return Grid(moment, timedelta(seconds=PUSH_S * speed), to)
