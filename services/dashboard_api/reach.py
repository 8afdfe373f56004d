"""What a case reaches by its links, told before any fact of it is read.  Pure.

Its things are certain.  Its rooms, and when they matter, are a guess: both follow from the facts
of its persons, who may have been in a room before they were known to belong to the case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.dashboard_api.facts import Key

_USED_BEFORE = timedelta(hours=12)
"""So long before the persons' first fact, for the last that their rooms came to until then: one
question instead of two, where a room is in daily use."""
_TOLD_LATER = timedelta(hours=12)
"""So long after the persons' last fact their rooms' facts are read for what they say of before."""
_STAYED_ON = timedelta(hours=12)
"""So long after the last fact that names a person or a room, more of the stay are expected."""
_PARTS = ("incident", "person", "property", "dossier")


class Linked(NamedTuple):
    """A fact that links a thing to another, or a case to a room through a person."""

    element: str
    id: str
    occurred_at: datetime
    """To within an hour."""

    @property
    def key(self) -> Key:
        """The other thing."""
        return self.element, self.id


class Stay(NamedTuple):
    """Rooms, and the time within which what happened in them is part of a story."""

    rooms: frozenset[Key]
    since: datetime
    until: datetime

    @property
    def read(self) -> tuple[datetime, datetime]:
        """From when to when facts of the rooms are read for it."""
        return self.since - _USED_BEFORE, self.until + _TOLD_LATER

    def suffices_for(self, other: Stay) -> bool:
        """Whether what is read for this one holds what the other needs.

        Only a room's last fact before the other begins may be lacking.
        """
        return (
            self.rooms >= other.rooms and self.read[0] <= other.since and other.until <= self.until
        )


def parts_of(linked: Iterable[Linked]) -> list[Key]:
    """The things of a case whose facts are told with it."""
    return sorted({one.key for one in linked if one.element in _PARTS})


def expected(linked: Sequence[Linked], as_of: datetime) -> Stay | None:
    """The stay that the persons of a case will turn out to have had, up to a moment.

    None where no person of it was in a room, as far as links tell.
    """
    rooms = frozenset(one.key for one in linked if one.element == "place")
    if not rooms:
        return None
    moments = [one.occurred_at for one in linked if one.element in ("person", "place")]
    return Stay(rooms, min(moments), min(max(moments) + _STAYED_ON, as_of))
