"""Streams: the event-sourced aggregates, one for each thing.

A stream is one incident, stay, item, case, room or dossier.  It takes every fact that is
admitted (disorder is normal, nothing is refused here), folds it with ``schemas.things`` to
learn what it changes, and chains it to the fact before by SHA-256.  Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec
from eventsourcing.persistence import StoredEvent

from schemas.classes import CLASSES, references_of
from schemas.envelope import StoredFact
from schemas.things import Thing, Word, apply, fact_id, word_of
from services.ingest.admission import Admissible

_stored = msgspec.json.Decoder(StoredFact)
_encoder = msgspec.json.Encoder()


class Stream:
    """One aggregate as it stands after its last stored fact."""

    __slots__ = ("head", "received_at", "thing")

    def __init__(self, element: str, id_: str) -> None:
        self.thing = Thing(element, id_)
        self.head = ""
        self.received_at: datetime | None = None


class Recorded(NamedTuple):
    """What recording one fact gave."""

    event: StoredEvent
    sha256: bytes


def record(
    stream: Stream,
    admissible: Admissible,
    *,
    received_at: datetime,
    missing: int,
    sealed: Mapping[str, str],
    history: Callable[[], Iterable[Word]],
) -> Recorded:
    """Fold the fact into the stream and give the event to be stored.

    ``sealed`` replaces the fields that identify a person; ``history`` gives the stream's
    earlier words when a correction needs them.
    """
    event, row, thing = admissible.event, admissible.row, stream.thing
    occurred_at = event.time.astimezone(UTC)
    word = word_of(
        row,
        admissible.fact,
        fact_id=fact_id(event.source, event.id),
        occurred_at=occurred_at,
        version=thing.version + 1,
    )
    corrects = admissible.corrects and fact_id(event.source, admissible.corrects)
    change = apply(thing, word, sender=admissible.sender, corrects=corrects, history=history)
    data = admissible.content
    if sealed:
        data = _encoder.encode(msgspec.structs.replace(admissible.fact, **sealed))
    name = admissible.stream
    state = _encoder.encode(
        StoredFact(
            stream=name,
            version=thing.version,
            id=event.id,
            source=event.source,
            type=event.type,
            element=thing.element,
            subject=thing.id,
            org=thing.org,
            sender=admissible.sender,
            occurred_at=occurred_at,
            recorded_at=(event.recordedtime or received_at).astimezone(UTC),
            received_at=received_at,
            changes=[change],
            state=thing.fields(),
            refs=references_of(row, admissible.fact),
            data=msgspec.Raw(data),
            prev=stream.head,
            sequence=admissible.sequence,
            missing=missing,
            corrects=admissible.corrects,
            extensions=admissible.extensions,
        )
    )
    digest = sha256(state)
    stream.head = digest.hexdigest()
    stream.received_at = received_at
    return Recorded(StoredEvent(name, thing.version, event.type, state), digest.digest())


def words_in(stored: Iterable[bytes]) -> Iterable[Word]:
    """The words of stored facts, in the order of their versions."""
    for state in stored:
        yield _word(_stored.decode(state))


def rebuilt(element: str, id_: str, stored: Iterable[bytes]) -> Stream:
    """The aggregate from its stored facts."""
    stream = Stream(element, id_)
    words: list[Word] = []
    for state in stored:
        fact = _stored.decode(state)
        word = _word(fact)
        apply(
            stream.thing,
            word,
            sender=fact.sender,
            corrects=fact.corrects and fact_id(fact.source, fact.corrects),
            history=lambda: tuple(words),
        )
        words.append(word)
        stream.head = sha256(state).hexdigest()
        stream.received_at = fact.received_at
    return stream


def _word(fact: StoredFact) -> Word:
    row = CLASSES[fact.type]
    data = msgspec.json.decode(fact.data, type=row.struct)
    return word_of(
        row,
        data,
        fact_id=fact_id(fact.source, fact.id),
        occurred_at=fact.occurred_at,
        version=fact.version,
    )
