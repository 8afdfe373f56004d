"""Facts of things, and the things folded from them again.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from schemas.classes import CLASSES
from schemas.things import Thing, Word, fact_id, word_of

Key = tuple[str, str]
"""(element, id) of a thing."""


class Fact(NamedTuple):
    """One recorded fact."""

    element: str
    subject: str
    version: int
    id: str
    source: str
    type: str
    org: str
    sender: str
    occurred_at: datetime
    recorded_at: datetime
    received_at: datetime
    changes: list[dict[str, Any]]
    refs: list[Key]
    state: dict[str, Any]
    data: dict[str, Any]
    prev: str
    sequence: int | None
    corrects: str | None
    node: str
    position: int
    stream: str
    missing: int
    state_text: str
    """``state``, ``data`` and ``extensions`` as the very JSON that was stored."""
    data_text: str
    extensions: str | None

    @property
    def moved(self) -> dict[str, Any]:
        """What it changed of its own thing."""
        return next(c for c in self.changes if (c["element"], c["id"]) == self.key)

    @property
    def key(self) -> Key:
        """The thing that it is a fact of."""
        return self.element, self.subject


class Known(NamedTuple):
    """One thing as it was at some point of its life."""

    status: str
    org: str
    since: datetime
    state: dict[str, Any]


BEGINNING = datetime(1971, 1, 1, tzinfo=UTC)


def by_thing(facts: Iterable[Fact]) -> Iterator[tuple[Key, list[Fact]]]:
    """The facts of each thing; ``facts`` stand by thing and version."""
    for key, group in groupby(facts, key=lambda fact: fact.key):
        yield key, list(group)


def speaking(facts: Sequence[Fact]) -> list[tuple[Fact, Word]]:
    """The facts of one thing that no other corrects, in the order in which they happened."""
    corrected = {fact_id(f.source, f.corrects) for f in facts if f.corrects}
    words = [
        (fact, _word(fact)) for fact in facts if fact_id(fact.source, fact.id) not in corrected
    ]
    return sorted(words, key=lambda pair: pair[1].key)


def as_it_was(facts: Sequence[Fact], moment: datetime) -> Known | None:
    """One thing as it was at a moment of the world, by all that is known now."""
    thing = _begun(facts)
    for fact, word in speaking(facts):
        if fact.occurred_at <= moment:
            thing.place(word)
    if thing.said is None and not thing.words:
        return None
    return Known(thing.status, thing.org, thing.since, thing.fields())


def life(facts: Sequence[Fact]) -> list[tuple[datetime, str]]:
    """The statuses of one thing as they followed one another in the world."""
    thing = _begun(facts)
    steps: list[tuple[datetime, str]] = []
    for fact, word in speaking(facts):
        before = thing.status
        thing.place(word)
        if thing.status != before:
            steps.append((fact.occurred_at, thing.status))
    return steps


def last_statuses(facts: Iterable[Fact]) -> dict[Key, str]:
    """The status that the last fact of each thing brought, in the order in which they happened."""
    in_order = sorted(facts, key=lambda fact: (fact.occurred_at, fact.version))
    return {fact.key: fact.moved["to_status"] for fact in in_order}


def corrections(facts: Iterable[Fact]) -> dict[tuple[Key, str], str]:
    """The id of the fact that corrects another of its thing, the last to do so.

    By the thing and the other's fact id.
    """
    return {(f.key, fact_id(f.source, f.corrects)): f.id for f in facts if f.corrects}


def late_ones(facts: Iterable[Fact]) -> set[tuple[str, int]]:
    """(node, position) of every fact that came after another of its thing that happened later."""
    late: set[tuple[str, int]] = set()
    for _, of_one in by_thing(facts):
        newest = BEGINNING
        for fact in of_one:
            if fact.occurred_at < newest:
                late.add((fact.node, fact.position))
            newest = max(newest, fact.occurred_at)
    return late


def _begun(facts: Sequence[Fact]) -> Thing:
    """The thing before any fact speaks: the first that sent one is responsible until then."""
    thing = Thing(facts[0].element, facts[0].subject)
    thing.sender = facts[0].sender
    return thing


def _word(fact: Fact) -> Word:
    row = CLASSES[fact.type]
    plain = {name: value for name, value in fact.data.items() if name not in row.personal}
    return word_of(
        row,
        msgspec.convert(plain, row.struct),
        fact_id=fact_id(fact.source, fact.id),
        occurred_at=fact.occurred_at,
        version=fact.version,
    )
