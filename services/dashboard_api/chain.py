"""The chain of a thing's facts: each holds the SHA-256 of the stored bytes before it.  Pure.

The views hold every field of a stored fact, its ``state``, ``data`` and ``extensions`` as the
very text that was stored, so the stored bytes are made again here and hashed anew: what is
called checked was counted, not believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec

from schemas.envelope import StoredFact
from schemas.things import Change
from services.dashboard_api.facts import Fact, Key

Chain = Literal["checked", "broken", "newest"]

Place = tuple[str, str, int]
"""(element, id, version): the place of a fact in the chain of its thing."""

_encode = msgspec.json.Encoder().encode


class Link(NamedTuple):
    """A fact's own hash, and what the fact after it says of it."""

    hash: str
    chain: Chain


def stored_bytes(fact: Fact) -> bytes:
    """The bytes of the fact as the event store keeps them (``schemas.envelope.StoredFact``)."""
    return _encode(
        StoredFact(
            stream=fact.stream,
            version=fact.version,
            id=fact.id,
            source=fact.source,
            type=fact.type,
            element=fact.element,
            subject=fact.subject,
            org=fact.org,
            sender=fact.sender,
            occurred_at=fact.occurred_at,
            recorded_at=fact.recorded_at,
            received_at=fact.received_at,
            changes=[Change(**change) for change in fact.changes],
            state=_raw(fact.state_text),  # type: ignore[arg-type]  # encodes as the same bytes
            refs=fact.refs,
            data=_raw(fact.data_text),
            prev=fact.prev,
            sequence=fact.sequence,
            missing=fact.missing,
            corrects=fact.corrects,
            extensions=_extensions(fact),  # type: ignore[arg-type]  # likewise
        )
    )


def linked(facts: Iterable[Fact], after: Mapping[Place, str]) -> dict[Place, Link]:
    """The hash of each fact, and whether the fact that follows it in its thing confirms it.

    ``after`` holds, by the place of the fact before, what facts that are not among ``facts``
    say of it.  A fact without any after it is the newest.
    """
    known = list(facts)
    said = {**after, **{(f.element, f.subject, f.version - 1): f.prev for f in known}}
    return {place_of(fact): _link(fact, said.get(place_of(fact))) for fact in known}


def open_ends(facts: Iterable[Fact]) -> list[tuple[str, str, int]]:
    """(element, id, version) of the facts that would follow some, where they are not there."""
    places = {place_of(fact) for fact in facts}
    following = {(element, id_, version + 1) for element, id_, version in places}
    return sorted(following - places)


def place_of(fact: Fact) -> Place:
    """Where it stands in the chain of its thing."""
    key: Key = fact.key
    return (*key, fact.version)


def _link(fact: Fact, said: str | None) -> Link:
    own = sha256(stored_bytes(fact)).hexdigest()
    if said is None:
        return Link(own, "newest")
    return Link(own, "checked" if said == own else "broken")


def _extensions(fact: Fact) -> msgspec.Raw | None:
    return None if fact.extensions is None else _raw(fact.extensions)


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())
