"""A life: what will be said of one thing, in the order in which it will be sent.  Pure.

A step is planned early and worded late: until it is due it holds only times and the function
that makes its fact, so tens of thousands of things with weeks before them take little memory.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any, NamedTuple

from schemas.facts.fields import Fact
from services.simulator.draws import between, digest_of, entry_lag, random_of
from services.simulator.province import Centre, Unit
from services.simulator.times import SECOND

Moment = Callable[[int], datetime]
"""Turns a moment of the province into the datetime that is sent."""

Wording = Callable[..., Fact | None]
"""Makes the fact of a step: (life, moment, *details)."""


class Step(NamedTuple):
    """One thing to be said; sorts by the moment of sending."""

    sent: int
    number: int
    """Its number in the life."""
    occurred: int
    recorded: int
    wording: Wording
    details: tuple[Any, ...]


class Life:
    """What all lives share; a kind of life adds the fields that its facts are worded from."""

    __slots__ = ("centre", "digest", "order", "random", "steps", "unit")

    random: Random
    """Draws of this life; given back when it is planned."""

    def __init__(self, centre: Centre, unit: Unit, *name: object) -> None:
        """``name`` (seed first) tells this life from all others."""
        self.centre = centre
        self.unit = unit
        self.digest = digest_of(*name)
        self.order = int.from_bytes(self.digest[:8], "big")
        self.random = random_of(self.digest)
        self.steps: list[Step] = []

    def typed(self, at: int, wording: Wording, *details: Any) -> None:
        """Plan a fact that somebody types in some time after it happened."""
        recorded = at + entry_lag(self.random)
        sent = recorded + between(self.random, SECOND // 3, 4 * SECOND)
        self.steps.append(Step(sent, len(self.steps), at, recorded, wording, details))

    def sensed(self, at: int, wording: Wording, *details: Any) -> None:
        """Plan a fact that a device or another system records by itself, almost at once."""
        recorded = at + between(self.random, SECOND // 10, 2 * SECOND)
        sent = recorded + between(self.random, SECOND // 5, 2 * SECOND)
        self.steps.append(Step(sent, len(self.steps), at, recorded, wording, details))

    def marked(self, at: int, lag_us: int, wording: Wording, *details: Any) -> None:
        """Plan a step that is sent exactly ``lag_us`` later, so that these keep their order."""
        self.steps.append(Step(at + lag_us, len(self.steps), at, at + lag_us, wording, details))

    def __lt__(self, other: Life) -> bool:
        return self.order < other.order

    def planned(self) -> None:
        """Put the steps into the order of sending, last first, and let go of the draws."""
        self.steps.sort(reverse=True)
        del self.random

    def taken_until(self, moment_us: int) -> list[Step]:
        """Take the steps that were sent up to a moment, first to last."""
        steps, left = self.steps, len(self.steps)
        while left and steps[left - 1].sent <= moment_us:
            left -= 1
        taken = steps[left:]
        del steps[left:]
        taken.reverse()
        return taken
