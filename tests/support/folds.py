"""What is true of a thing, folded anew from all of its facts: the oracle of what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from schemas.classes import CLASSES
from schemas.elements import PLACE_WORST_FIRST
from schemas.envelope import StoredFact


class Told(NamedTuple):
    """What a thing is after some of its facts."""

    status: str
    org: str
    since: datetime | None


class _Says(NamedTuple):
    key: tuple[datetime, int]
    slot: str
    status: str | None
    org: str | None


def told(facts: Sequence[StoredFact]) -> Told:
    """Fold a thing's facts, given in the order of their versions, without any shortcut."""
    withdrawn = {(fact.source, fact.corrects) for fact in facts if fact.corrects}
    words = sorted(_says(fact) for fact in facts if (fact.source, fact.id) not in withdrawn)
    orgs = [word.org for word in words if word.org]
    org = orgs[-1] if orgs else facts[0].sender if facts else ""
    newest = {word.slot: word for word in words}
    if facts and facts[0].element == "place":
        return _place(newest, org)
    speaking = [word for word in words if word.status is not None]
    if speaking:
        return Told(speaking[-1].status or "", org, speaking[-1].key[0])
    return Told("", org, max((w.key[0] for w in newest.values()), default=None))


def _place(newest: dict[str, _Says], org: str) -> Told:
    if not newest:
        return Told("", org, None)
    held = {word.status or "idle" for word in newest.values()}
    worst = next(status for status in PLACE_WORST_FIRST if status in held)
    since = max(w.key[0] for w in newest.values() if (w.status or "idle") == worst)
    return Told(worst, org, since)


def _says(fact: StoredFact) -> _Says:
    row = CLASSES[fact.type]
    data: Any = msgspec.json.decode(fact.data, type=row.struct)
    slot = row.type if row.slot is None else f"{row.type}/{getattr(data, row.slot)}"
    return _Says((fact.occurred_at, fact.version), slot, row.moves(data), data.org)
