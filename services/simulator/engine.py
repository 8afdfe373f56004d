"""The engine: all lives of the province merged into one stream, in the order of sending.  Pure.

A heap holds the next step of every life that is going on; a day is planned, centre by centre,
in the hour before it begins.  The same seed and start give the same events, byte for byte, from
whatever moment the stream is taken up: nothing in it hangs on what was made before.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from schemas.classes import CLASSES
from schemas.envelope import source_of
from schemas.facts.fields import Fact
from services.simulator import cohort, rooms
from services.simulator.draws import event_id
from services.simulator.life import Life, Step
from services.simulator.pace import Pace
from services.simulator.province import Centre
from services.simulator.roots import LONGEST_DAYS, SHORT_DAYS
from services.simulator.times import HOUR, MINUTE, day_of, midnight

OPENING = 10 * MINUTE
"""What stood before the start is told in these minutes before it."""
PLANNED_AHEAD = HOUR

_TYPES: dict[type[Fact], str] = {row.struct: type_ for type_, row in CLASSES.items()}


class Event(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A CloudEvent on its way; ``receivedtime`` is filled in where history is loaded."""

    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    recordedtime: datetime
    sequence: int | None = None
    receivedtime: datetime | None = None
    corrects: str | None = None
    data: Fact


class Told(NamedTuple):
    """An event, the moment of the province at which it is sent, and the centre that sends it."""

    moment: int
    centre: int
    event: Event


class World(NamedTuple):
    """What makes one province: the same world tells the same events."""

    seed: int
    centres: tuple[Centre, ...]
    start: int
    """From then on everything is told."""
    history: bool
    """Whether things that began before the start are there; else it starts empty."""


class Engine:
    """Tells a world's events from a moment on."""

    def __init__(
        self,
        world: World,
        *,
        since: int | None = None,
        sequences: Mapping[str, int] | None = None,
        pace: Pace | None = None,
    ) -> None:
        """``since`` is the last moment already told, ``sequences`` each source's counter then.

        Without them the stream begins at its beginning.
        """
        self._world = world
        self._since = world.start - OPENING if since is None else since
        self.pace = pace or Pace()
        known = sequences or {}
        self._counters = [known.get(source_of(c.code), 0) for c in world.centres]
        self._sources = [source_of(c.code) for c in world.centres]
        self._number = {c.number: n for n, c in enumerate(world.centres)}
        self._ledgers = [rooms.Ledger() for _ in world.centres]
        self._heap: list[tuple[int, int, Life]] = []
        self._opening = self._begin()

    def sequences(self) -> dict[str, int]:
        """Each source's counter after what was told."""
        return dict(zip(self._sources, self._counters, strict=True))

    def until(self, moment: int) -> Iterator[Told]:
        """Tell what is sent up to that moment, in order; call again to go on."""
        yield from self._tell_opening(moment)
        heap = self._heap
        while True:
            due = heap[0][0] if heap else moment + 1
            if min(due, moment) >= self._plan_at:
                self._plan_next()
                continue
            if due > moment:
                return
            life = heap[0][2]
            step = life.steps.pop()
            if life.steps:
                heapq.heapreplace(heap, (life.steps[-1].sent, life.order, life))
            else:
                heapq.heappop(heap)
            event = self._event(life, step)
            if event is not None:
                yield self._numbered(Told(step.sent, self._number[life.centre.number], event))

    def _tell_opening(self, moment: int) -> Iterator[Told]:
        """What stood before the start, as far as it is due: only what says how a thing stands."""
        while self._opening and self._opening[-1][0] <= moment:
            due, life, step = self._opening.pop()
            event = self._event(life, step)
            if event is not None and _stands(event.data):
                yield self._numbered(Told(due, self._number[life.centre.number], event))

    def _numbered(self, told: Told) -> Told:
        count = self._counters[told.centre] + 1
        self._counters[told.centre] = told.event.sequence = count
        return told

    def _event(self, life: Life, step: Step) -> Event | None:
        at = self.pace.known_at(step.sent).moment
        fact = step.wording(life, at, *step.details)
        if fact is None:
            return None
        return Event(
            specversion="1.0",
            id=event_id(life.digest, step.number),
            source=source_of(life.centre.code),
            type=_TYPES[type(fact)],
            time=at(step.occurred),
            recordedtime=at(step.recorded),
            data=fact,
        )

    def _begin(self) -> list[tuple[int, Life, Step]]:
        """Take up every life that is going on; gives what is told before the start, last first."""
        world, base = self._world, max(self._since, self._world.start)
        today = day_of(base + PLANNED_AHEAD)
        long, short = today - LONGEST_DAYS, today - SHORT_DAYS
        opening: list[tuple[Life, Step]] = []
        led: list[tuple[Life, Step]] = []
        for n, centre in enumerate(world.centres):
            if world.history:
                for day in range(long, short):
                    for lives in cohort.still_going(world.seed, centre, day, world.start, base):
                        opening += self._taken_up(lives, base)
            for day in range(short, today + 1):
                lives, room_day = cohort.whole(
                    world.seed, centre, day, world.start, self._ledgers[n],
                    after=base, begun_before=world.history,
                )  # fmt: skip
                led += [(room_day, step) for step in room_day.taken_until(base)]
                self._add(room_day)
                for together in _by_case(lives):
                    opening += self._taken_up(together, base)
        self._lead(led)
        self._plan_day, self._plan_centre = today + 1, 0
        self._plan_at = midnight(today + 1) - PLANNED_AHEAD
        return self._opened(opening) if self._since < world.start else []

    def _lead(self, steps: list[tuple[Life, Step]]) -> None:
        """Lead the ledgers through what happened in the rooms before."""
        steps.sort(key=lambda pair: (pair[1].sent, pair[0].order, pair[1].number))
        for life, step in steps:
            step.wording(life, self.pace.moment, *step.details)

    def _taken_up(self, lives: list[Life], base: int) -> list[tuple[Life, Step]]:
        """Add what goes on; gives the steps before, of a case and those of its things that do."""
        before = [(life, life.taken_until(base)) for life in lives]
        if not any(life.steps for life in lives):
            return []
        told: list[tuple[Life, Step]] = []
        lasting = cohort.goes_on_for_weeks(lives[0])
        for n, (life, steps) in enumerate(before):
            if life.steps or n == 0:
                told += [(life, s) for s in (_last_words(steps) if lasting else steps)]
            self._add(life)
        return told if self._since < self._world.start else []

    def _add(self, life: Life) -> None:
        if life.steps:
            heapq.heappush(self._heap, (life.steps[-1].sent, life.order, life))

    def _plan_next(self) -> None:
        """Plan the next centre's next day."""
        world, n, day = self._world, self._plan_centre, self._plan_day
        lives, room_day = cohort.whole(
            world.seed, world.centres[n], day, world.start, self._ledgers[n]
        )
        for life in (*lives, room_day):
            self._add(life)
        self._plan_centre = (n + 1) % len(world.centres)
        if self._plan_centre == 0:
            self._plan_day += 1
        ahead = PLANNED_AHEAD * (len(world.centres) - self._plan_centre) // len(world.centres)
        self._plan_at = midnight(self._plan_day) - ahead

    def _opened(self, before: list[tuple[Life, Step]]) -> list[tuple[int, Life, Step]]:
        """When each step of before is told: the rooms first, then in the order of recording."""
        first = self._world.start - OPENING
        before.sort(key=lambda pair: (pair[1].sent, pair[0].order, pair[1].number))
        told: list[tuple[Life, Step]] = []
        for centre, ledger in zip(self._world.centres, self._ledgers, strict=True):
            life = rooms.inventory(self._world.seed, centre, ledger, first)
            told += [(life, step) for step in life.taken_until(first)]
        told += before
        gap = OPENING / (len(told) + 1)
        due = [(first + int((n + 1) * gap), *pair) for n, pair in enumerate(told)]
        return [each for each in reversed(due) if each[0] > self._since]


def _last_words(steps: list[Step]) -> list[Step]:
    """Of weeks of facts the last of each kind: how the thing stands."""
    return sorted({step.wording: step for step in steps}.values())


def _stands(fact: Fact) -> bool:
    """Whether a fact of long ago is told at the start: all but the papers of a case."""
    return _TYPES[type(fact)] != "case.documented"


def _by_case(lives: list[Life]) -> Iterator[list[Life]]:
    """Lives that stand or fall together: a case with its things; every other for itself."""
    group: list[Life] = []
    for life in lives:
        if cohort.belongs_to_case(life):
            group.append(life)
            continue
        if group:
            yield group
        group = [life]
    if group:
        yield group
