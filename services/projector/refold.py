"""What the views must hold, folded from the facts alone.  Pure.

What a record says of its own changes, state and organisation is not believed here but worked
out again with ``schemas.things``, and compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec

from schemas.classes import FactClass, fact_class, references_of
from schemas.envelope import LogRecord
from schemas.facts.fields import Fact
from schemas.things import Change, Thing, Word, apply, fact_id, word_of

_encoder = msgspec.json.Encoder()


class Refolded(NamedTuple):
    """One record, and what it must say."""

    record: LogRecord
    change: Change
    org: str
    state: Any
    """As decoded from JSON."""
    refs: list[tuple[str, str]]


class Flow(NamedTuple):
    """One row of ``flows`` without its times."""

    day: date
    element: str
    org: str
    status: str
    delta: int
    n: int


def refold(records: Iterable[LogRecord]) -> Iterator[Refolded]:
    """Fold one stream, its records in the order of their versions."""
    thing: Thing | None = None
    words: list[Word] = []
    for record in records:
        row = fact_class(record.type)
        if thing is None:
            thing = Thing(record.element, record.subject)
        fact = _fact(row, record)
        word = word_of(
            row,
            fact,
            fact_id=fact_id(record.source, record.id),
            occurred_at=record.occurred_at,
            version=record.version,
        )
        change = apply(
            thing,
            word,
            sender=record.sender,
            corrects=record.corrects and fact_id(record.source, record.corrects),
            history=lambda: tuple(words),
        )
        words.append(word)
        state = msgspec.json.decode(_encoder.encode(thing.fields()))
        yield Refolded(record, change, thing.org, state, references_of(row, fact))


def _fact(row: FactClass, record: LogRecord) -> Any:
    """The fact without what identifies a person, which is sealed and says nothing here."""
    if not row.personal:
        return _decoder(row.struct).decode(record.data)
    open_fields = msgspec.json.decode(record.data)
    for name in row.personal:
        open_fields.pop(name, None)
    return msgspec.convert(open_fields, row.struct)


@cache
def _decoder(struct: type[Fact]) -> msgspec.json.Decoder[Fact]:
    return msgspec.json.Decoder(struct)


def faults(folded: Refolded) -> Iterator[tuple[str, Any, Any]]:
    """(field, expected, found) of whatever the record itself says wrongly."""
    record = folded.record
    expected = {
        "changes": [folded.change],
        "org": folded.org,
        "state": folded.state,
        "refs": [tuple(r) for r in folded.refs],
    }
    for field, value in expected.items():
        found = getattr(record, field)
        if field == "refs":
            found = [tuple(r) for r in found]
        if found != value:
            yield field, value, found


def flows_of(received_at: datetime, change: Change) -> Iterator[Flow]:
    """The rows of ``flows`` that a change makes."""
    if change.from_status == change.to_status and change.from_org == change.to_org:
        return
    day = received_at.astimezone(UTC).date()
    if change.from_status:
        yield Flow(day, change.element, change.from_org, change.from_status, -1, 0)
    if change.to_status:
        yield Flow(day, change.element, change.to_org, change.to_status, 1, 1)


def links_of(
    element: str, id_: str, refs: Iterable[tuple[str, str]], case_no: str = ""
) -> set[tuple[str, ...]]:
    """(element, id, other element, other id, through) of each row of ``links``, both directions.

    ``case_no`` is the case that the thing belongs to: through a person it is linked to a room.
    """
    found: set[tuple[str, ...]] = set()
    for other in refs:
        found.add((element, id_, *other, ""))
        found.add((*other, element, id_, ""))
        if case_no and (element, other[0]) == ("person", "place"):
            found.add(("case", case_no, *other, element))
    return found
