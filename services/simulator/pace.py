"""Two clocks: the province's own, and the one on the wall.  Pure.

At its natural pace they are one.  To give more (or fewer) events a second the province's clock
runs faster (or slower) from a moment on: everything happens in the same order and mix, only
closer together.  So any rate is there at once, and the numbers of open incidents, persons and
cases stay those of a province.  Then the clock also hurries through quiet hours and lingers in
busy ones, so that the rate is even.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.simulator import curve
from services.simulator.times import aware


class Stretch(NamedTuple):
    """From ``own_us`` of the province on, which is ``wall_us``, its clock runs ``factor`` fast.

    A factor of 1 is the natural pace, with its busy and quiet hours.
    """

    own_us: int
    wall_us: int
    factor: float

    def wall(self, own_us: int) -> int:
        """When on the wall's clock."""
        if self.factor == 1.0:
            return self.wall_us + own_us - self.own_us
        return self.wall_us + int((curve.load(own_us) - curve.load(self.own_us)) / self.factor)

    def own(self, wall_us: int) -> int:
        """When on the province's clock."""
        if self.factor == 1.0:
            return self.own_us + wall_us - self.wall_us
        load = curve.load(self.own_us) + int((wall_us - self.wall_us) * self.factor)
        return curve.moment_of_load(load)


class Pace:
    """Maps the province's time to the wall's and back; before the first stretch they are one."""

    def __init__(self, stretches: Sequence[Stretch] = ()) -> None:
        self._stretches = tuple(stretches)

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """What has been laid down so far."""
        return self._stretches

    @property
    def factor(self) -> float:
        """How fast the province's clock runs in the end."""
        return self._stretches[-1].factor if self._stretches else 1.0

    def then(self, stretch: Stretch) -> Pace:
        """The same, going on at another pace."""
        return Pace((*self._stretches, stretch))

    def known_at(self, own_us: int) -> Pace:
        """The pace as it was known at a moment, when nobody knew that it would change.

        What is said of the future (a date due) is said from there, so that saying it again
        after the pace has changed gives the same words.
        """
        if not self._stretches or own_us >= self._stretches[-1].own_us:
            return self
        return Pace(tuple(s for s in self._stretches if s.own_us <= own_us))

    def wall(self, own_us: int) -> int:
        """When on the wall's clock."""
        for stretch in reversed(self._stretches):
            if own_us >= stretch.own_us:
                return stretch.wall(own_us)
        if self._stretches:
            return min(own_us, self._stretches[0].wall_us)
        return own_us

    def own(self, wall_us: int) -> int:
        """When on the province's clock."""
        until_us: float = math.inf
        for stretch in reversed(self._stretches):
            if wall_us >= stretch.wall_us:
                # Where nothing ran for a while the province stood at what the next one begins with.
                return int(min(max(stretch.own(wall_us), stretch.own_us), until_us))
            until_us = stretch.own_us
        if self._stretches:
            return min(wall_us, self._stretches[0].own_us)
        return wall_us

    def moment(self, own_us: int) -> datetime:
        """The aware datetime that is sent for a moment of the province."""
        return aware(self.wall(own_us) if self._stretches else own_us)
