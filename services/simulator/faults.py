"""Faults that real feeds have, mixed in on purpose, each with the answer that it must get.  Pure.

A share of the events is disturbed.  What is late or out of order is still accepted; what is
malformed, or takes the id of something else, is sent beside the good event and must be refused
by the right name.  Which events are disturbed, and how, hangs on their ids alone, so that a
simulator that starts anew disturbs them in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import NamedTuple

import msgspec

from services.simulator.draws import Table, between, digest_of, event_id, random_of
from services.simulator.engine import Event, Told
from services.simulator.malformed import KINDS as MALFORMED
from services.simulator.malformed import NEEDS_IMPORT, NEEDS_SCOPE, malformed
from services.simulator.message import ACCEPTED, DUPLICATE, Expected, refused
from services.simulator.times import HOUR, MINUTE, SECOND

LONGEST_HOLD = 4 * HOUR
"""Nothing is held back longer (on the province's clock)."""

KINDS = Table(
    ("late", 15.0), ("disordered", 18.0), ("duplicate", 14.0), ("conflict", 9.0),
    ("corrected", 10.0), *((kind, 2.0) for kind in MALFORMED),
)  # fmt: skip

_encoder = msgspec.json.Encoder()


class Draft(NamedTuple):
    """What will be sent: an event that is encoded when it goes, or bytes as they are."""

    moment: int
    centre: int
    id: str | None
    event: Event | None
    body: bytes | None = None
    expected: Expected = ACCEPTED
    fault: str | None = None
    own_line: bool = False
    recorded: int | None = None
    """When the event was recorded, where that is known only when it goes."""


class Spell(NamedTuple):
    """From a moment of the province on, a share of the events is disturbed."""

    since: int
    ratio: float


class Disturbance(NamedTuple):
    """How much is disturbed and when, and what the senders' tokens allow."""

    spells: tuple[Spell, ...]
    """In the order of time; nothing is disturbed before the first."""
    importing: bool
    """The sender may state ``receivedtime``."""
    scoped: bool
    """Each centre has a token of its own, with its own scope."""
    stranger: str
    """The code of an organisation outside every centre's scope."""

    def ratio(self, moment: int) -> float:
        """The share that is disturbed of what is told at a moment."""
        return next((s.ratio for s in reversed(self.spells) if s.since < moment), 0.0)

    @property
    def hold(self) -> int:
        """How long an event may be held back."""
        return LONGEST_HOLD if any(s.ratio > 0 for s in self.spells) else 0


def untouched(told: Told) -> Draft:
    """The event as it is."""
    return Draft(told.moment, told.centre, told.event.id, told.event)


def disturbed(
    told: Told, seed: int, how: Disturbance, received: datetime | None
) -> Iterator[Draft]:
    """What goes out for one event: itself, perhaps later than it should, and what is beside it.

    ``received`` is the ``receivedtime`` of a sender who imports.
    """
    digest = digest_of(seed, "fault", told.event.id)
    if int.from_bytes(digest[:4], "big") >= how.ratio(told.moment) * 2**32:
        yield untouched(told)
        return
    random = random_of(digest)
    kind = KINDS.draw(random)
    if kind in ("late", "disordered"):
        yield _held(told, kind, random)
        return
    yield untouched(told)
    if kind == "duplicate":
        again = told.moment if how.importing else told.moment + between(random, 0, 9 * MINUTE)
        body = _encoder.encode(msgspec.structs.replace(told.event, receivedtime=received))
        yield Draft(again, told.centre, told.event.id, None, body, DUPLICATE, kind)
    elif kind == "conflict":
        other = msgspec.structs.replace(told.event, data=_by_another(told.event))
        at = told.moment + between(random, 0, MINUTE)
        yield Draft(
            at, told.centre, other.id, other, expected=refused("id_conflict", "id"), fault=kind
        )
    elif kind == "corrected":
        yield _correction(told, digest, random)
    elif _allowed(kind, how):
        bad = malformed(kind, told.event, event_id(digest, 0), how.stranger)
        yield Draft(
            told.moment, told.centre, bad.id, None, bad.body(received), bad.expected, kind,
            own_line=kind == "not_json",
        )  # fmt: skip


def _allowed(kind: str, how: Disturbance) -> bool:
    """Whether the senders' tokens let a fault be told from a good event."""
    return (kind not in NEEDS_SCOPE or (how.scoped and not how.importing)) and (
        kind not in NEEDS_IMPORT or how.importing
    )


def _held(told: Told, kind: str, random: Random) -> Draft:
    """Sent after its successors: a gap in the sequence that is closed later."""
    hold = (
        between(random, 3 * MINUTE, LONGEST_HOLD)
        if kind == "late"
        else between(random, SECOND, 40 * SECOND)
    )
    return Draft(told.moment + hold, told.centre, told.event.id, told.event, fault=kind)


def _correction(told: Told, digest: bytes, random: Random) -> Draft:
    """A new event that takes the place of the first; the source does not number it."""
    at = told.moment + between(random, 2 * MINUTE, 2 * HOUR)
    event = msgspec.structs.replace(
        told.event,
        id=event_id(digest, 1),
        corrects=told.event.id,
        sequence=None,
        data=_by_another(told.event),
    )
    return Draft(at, told.centre, event.id, event, fault="corrected", recorded=at - SECOND)


def _by_another(event: Event) -> msgspec.Struct:
    """The same fact, told by another officer."""
    actor = "9999999" if event.data.actor != "9999999" else "9999998"
    return msgspec.structs.replace(event.data, actor=actor)
