"""A small province for most tests, and one whole day of the whole province, made once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import msgspec
import pytest

from schemas import organisations
from schemas.classes import CLASSES, subject_of
from schemas.things import Thing, apply, word_of
from services.simulator.engine import Engine, Event, Told, World
from services.simulator.province import build
from services.simulator.times import CHINA, DAY, micros

START = micros(datetime(2026, 11, 18, 6, tzinfo=CHINA))
"""A Wednesday morning."""
FEW = 12


def small_world(*, history: bool = True, centres: int = FEW, seed: int = 7) -> World:
    """A few centres spread over the cities."""
    return World(seed, build(organisations.load(), seed, centres), START, history)


def encoded(told: Iterator[Told] | list[Told]) -> list[bytes]:
    """The bytes of each event."""
    return [msgspec.json.encode(t.event) for t in told]


class Fold:
    """Statuses of all things as the platform folds them."""

    def __init__(self) -> None:
        self.things: dict[tuple[str, str], Thing] = {}
        self.moves: Counter[str] = Counter()
        self.unusual: Counter[str] = Counter()

    def take(self, event: Event) -> None:
        """One more fact."""
        row = CLASSES[event.type]
        key = (row.element, subject_of(row, event.data))
        thing = self.things.setdefault(key, Thing(*key))
        word = word_of(
            row,
            event.data,
            fact_id=event.id,
            occurred_at=event.time,
            version=thing.version + 1,
        )
        change = apply(thing, word, sender=event.source[6:], history=lambda: ())
        if change.from_status != change.to_status:
            self.moves[row.element] += 1
            self.unusual[row.element] += change.unusual

    def levels(self, element: str) -> Counter[str]:
        """How many things of an element stand at each status."""
        return Counter(t.status for (e, _), t in self.things.items() if e == element)


@pytest.fixture(scope="session")
def told() -> list[Told]:
    """A day and a half of a few centres, with what stood before."""
    return list(Engine(small_world()).until(START + 3 * DAY // 2))


@pytest.fixture(scope="session")
def fold(told: list[Told]) -> Fold:
    """Those events folded."""
    fold = Fold()
    for t in told:
        fold.take(t.event)
    return fold
