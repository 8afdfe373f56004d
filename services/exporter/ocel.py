"""Facts as events and objects of OCEL 2.0 (www.ocel-standard.org).  Pure.

A fact is an event at the time when it happened; its relationships name the things of the
fact, each qualified by the field that names it.  A thing is an object whose status and
organisation are told with the times from which they held, as its facts in the order in
which they happened say (``schemas.things``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from schemas.classes import CLASSES, FactClass
from schemas.envelope import StoredFact, stream_name
from schemas.facts.fields import Fact
from schemas.things import Thing, fact_id, word_of
from services.exporter.attributes import COMMON, EXPORTED

Value = str | int | float | bool


class Attribute(msgspec.Struct, frozen=True):
    """An attribute of an event."""

    name: str
    value: Value


class TimedAttribute(msgspec.Struct, frozen=True):
    """An attribute of an object, and from when on it holds."""

    name: str
    value: Value
    time: str


class Relationship(msgspec.Struct, frozen=True):
    """To an object; ``qualifier`` is the field that names it."""

    objectId: str
    qualifier: str


class Event(msgspec.Struct, frozen=True):
    """An event of OCEL 2.0."""

    id: str
    type: str
    time: str
    attributes: list[Attribute]
    relationships: list[Relationship]


class Object(msgspec.Struct, frozen=True):
    """An object of OCEL 2.0."""

    id: str
    type: str
    attributes: list[TimedAttribute]
    relationships: list[Relationship]


class Told(NamedTuple):
    """A stored fact with its data decoded."""

    fact: StoredFact
    data: Fact

    @property
    def row(self) -> FactClass:
        """Its class."""
        return CLASSES[self.fact.type]

    @property
    def id(self) -> str:
        """What tells it from all others."""
        return fact_id(self.fact.source, self.fact.id)


_decoder = msgspec.json.Decoder(StoredFact)


def told(stored: bytes) -> Told:
    """A fact from its stored bytes."""
    fact = _decoder.decode(stored)
    return Told(fact, msgspec.json.decode(fact.data, type=CLASSES[fact.type].struct))


def event_of(node: str, position: int, one: Told) -> Event:
    """The event of a fact; its place on the log is its id."""
    row, fact = one.row, one.fact
    values = [(name, getattr(fact, name)) for name in COMMON]
    values += [(name, getattr(one.data, name)) for name in EXPORTED[row.type]]
    subject = Relationship(fact.stream, row.subject)
    return Event(
        id=f"{node}/{position}",
        type=fact.type,
        time=moment(fact.occurred_at),
        attributes=[Attribute(name, _value(value)) for name, value in values if value is not None],
        relationships=[subject, *related(one)],
    )


def related(one: Told) -> list[Relationship]:
    """The other things that a fact names."""
    found: dict[Relationship, None] = {}
    for field, element in one.row.references:
        value = getattr(one.data, field)
        for id_ in [value] if isinstance(value, str) else value or ():
            found[Relationship(stream_name(element, id_), field)] = None
    return list(found)


def object_of(stream: str, facts: Sequence[Told]) -> Object:
    """The object of a stream from those of its facts that hold; any order, none is lawful."""
    element, _, id_ = stream.partition("/")
    relationships = {one: None for fact in facts for one in related(fact)}
    return Object(stream, element, list(_history(element, id_, facts)), list(relationships))


def _history(element: str, id_: str, facts: Iterable[Told]) -> Iterator[TimedAttribute]:
    """Status and organisation wherever they change; one moment has one value of each."""
    thing = Thing(element, id_)
    known: dict[str, str] = {}
    in_order = sorted(facts, key=lambda one: (one.fact.occurred_at, one.fact.version))
    if in_order:
        # Whoever sent the first fact is responsible until one names another.
        thing.sender = min(in_order, key=lambda one: one.fact.version).fact.sender
    for occurred_at, at_once in groupby(in_order, key=lambda one: one.fact.occurred_at):
        for one in at_once:
            thing.place(
                word_of(
                    one.row, one.data, fact_id=one.id,
                    occurred_at=occurred_at, version=one.fact.version,
                )
            )  # fmt: skip
        for name, value in (("status", thing.status), ("org", thing.org)):
            if value and known.get(name) != value:
                known[name] = value
                yield TimedAttribute(name, value, moment(occurred_at))


def moment(at: datetime) -> str:
    """A time as every one in the file is written: UTC, to the microsecond."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _value(value: Any) -> Value:
    return moment(value) if isinstance(value, datetime) else value
