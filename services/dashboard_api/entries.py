"""One entry of a story: the stay of a person, the custody of an item, the life of a dossier.  Pure.

All three are told in one form, so that one screen shows them all.  Who did it is told by how
many are named, each as ``***``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.dashboard_api.facts import Fact
from services.dashboard_api.masking import MASK


def moment_in(fact: Fact, *fields: str) -> datetime:
    """The moment that a fact states in the first of some fields, else when it happened."""
    return stated(fact, *fields) or fact.occurred_at


def stated(fact: Fact, *fields: str) -> datetime | None:
    """The moment that a fact states in the first of some fields that it fills."""
    for field in fields:
        if (text := fact.data.get(field)) is not None:
            return moment_of(text)
    return None


def moment_of(text: str) -> datetime:
    """A moment as facts hold it: RFC 3339 with offset."""
    return msgspec.convert(text, datetime)


def by(fact: Fact, *fields: str) -> list[str]:
    """As many masks as a fact names officers in some fields; the same one counts once."""
    named: set[str] = set()
    for field in fields:
        value = fact.data.get(field)
        named |= set([value] if isinstance(value, str) else value or ())
    return [MASK] * len(named)


def joined(*parts: str | Sequence[str] | None) -> str | None:
    """What was told of something, as one text; None where nothing was."""
    words: list[str] = []
    for part in parts:
        words += [part] if isinstance(part, str) else part or ()
    return "、".join(words) or None


def entry(
    kind: str,
    facts: Iterable[Fact],
    *,
    begins: datetime,
    ends: datetime | None,
    who: list[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """An entry with the ids of the facts that it rests on; ``ends`` is None while it lasts."""
    return {
        "kind": kind,
        "from": begins,
        "to": ends,
        "by": who or [],
        **more,
        "events": [fact.id for fact in facts],
    }
