"""What a thing is: the fold of its facts.

The status of a thing is the fold of its facts in the order (``occurred_at``, then place in
its stream).  A late fact takes its place in that order and moves the present only if it is
the newest word.  A correction names the fact that it replaces; the replaced fact stays in
the log and no longer speaks.  A move that the table does not know is applied all the same
and marked unusual (DOMAIN §8b).

The ingest service folds here to learn what a fact changes, the projector's check and every
test fold here to learn what is true.  Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from schemas.classes import FactClass
from schemas.elements import NEW, PLACE_WORST_FIRST, is_usual

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[datetime, int]
"""When it happened, then its place in the stream: the order in which words count."""


class Word(NamedTuple):
    """What one fact says of its thing."""

    key: Key
    fact_id: str
    slot: str
    status: str | None
    org: str | None
    shown: dict[str, Any]
    keeps: bool = False
    """Whether a field that this fact leaves out stays as an older one of its class told it."""


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What a fact changed: the thing before and after, so that a view never looks back."""

    element: str
    id: str
    from_status: str
    """Empty for a thing that was not known before."""
    to_status: str
    from_org: str
    to_org: str
    since: datetime
    unusual: bool = False


class Thing:
    """One thing of an element as it is known so far: status, responsible organisation, fields.

    ``words`` keeps the newest word of each slot (of each field, where a class keeps them),
    ``said`` and ``home`` the newest that speaks of the status and of the organisation, so that
    any later fact costs the same however long the thing's life is.
    """

    __slots__ = ("element", "home", "id", "said", "sender", "version", "withdrawn", "words")

    def __init__(self, element: str, id_: str) -> None:
        self.element = element
        self.id = id_
        self.version = 0
        self.sender = ""
        self.words: dict[str, Word] = {}
        self.said: Word | None = None
        self.home: Word | None = None
        self.withdrawn: frozenset[str] = frozenset()

    @property
    def status(self) -> str:
        """The present status; empty before the first fact that speaks of one."""
        if self.element == "place" and self.words:
            return _worst(word.status for word in self.words.values())
        return (self.said.status or NEW) if self.said else NEW

    @property
    def org(self) -> str:
        """The responsible organisation: the one last named, else the first that sent a fact."""
        return (self.home.org or "") if self.home else self.sender

    @property
    def since(self) -> datetime:
        """When the word that gives the present status happened."""
        if self.element == "place" and self.words:
            status = self.status
            return max(w.key[0] for w in self.words.values() if (w.status or "idle") == status)
        if self.said:
            return self.said.key[0]
        return max((w.key[0] for w in self.words.values()), default=EPOCH)

    def fields(self) -> dict[str, Any]:
        """The fields that a list shows, each from the newest word that has it."""
        merged: dict[str, Any] = {}
        for word in sorted(self.words.values(), key=lambda w: w.key):
            merged.update(word.shown)
        return merged

    def speaks(self, fact_id: str) -> bool:
        """Whether the present rests on that fact."""
        return any(word.fact_id == fact_id for word in self._present())

    def _present(self) -> Iterable[Word]:
        yield from self.words.values()
        if self.said:
            yield self.said
        if self.home:
            yield self.home

    def place(self, word: Word) -> None:
        """Let a word take its place; an older one changes nothing, a withdrawn one is mute."""
        if word.fact_id in self.withdrawn:
            return
        if word.keeps:
            self._hold(word._replace(shown={}))
            for field, value in word.shown.items():
                self._hold(word._replace(slot=f"{word.slot}.{field}", shown={field: value}))
        else:
            self._hold(word)
        if word.status is not None and (self.said is None or word.key > self.said.key):
            self.said = word
        if word.org is not None and (self.home is None or word.key > self.home.key):
            self.home = word

    def _hold(self, word: Word) -> None:
        held = self.words.get(word.slot)
        if held is None or word.key > held.key:
            self.words[word.slot] = word


def _worst(statuses: Iterable[str | None]) -> str:
    """The worst status that holds in a room, in the order of DOMAIN §8b."""
    held = set(statuses)
    return next((s for s in PLACE_WORST_FIRST if s in held), "idle")


def fact_id(source: str, id_: str) -> str:
    """What tells a fact from all others: ids are unique within their source alone."""
    return f"{source}#{id_}"


def word_of(
    row: FactClass, data: Any, *, fact_id: str, occurred_at: datetime, version: int
) -> Word:
    """What a fact of class ``row`` says; ``version`` is its place in the thing's stream."""
    slot = row.type if row.slot is None else f"{row.type}/{getattr(data, row.slot)}"
    shown = {f: v for f in row.shows if (v := getattr(data, f)) is not None}
    return Word((occurred_at, version), fact_id, slot, row.moves(data), data.org, shown, row.keeps)


def apply(
    thing: Thing,
    word: Word,
    *,
    sender: str,
    corrects: str | None = None,
    history: Callable[[], Iterable[Word]],
) -> Change:
    """Take the next fact of the stream into the thing and tell what changed.

    ``sender`` is the organisation that sent the fact; the first to send one of a thing is
    responsible until a fact names another.  ``corrects`` is the id of the replaced fact.
    ``history`` gives the stream's earlier words; it is called only when the fact that is
    corrected is one that the present rests on.
    """
    before, from_org = thing.status, thing.org
    thing.sender = thing.sender or sender
    if corrects is not None:
        rests_on_it = thing.speaks(corrects)
        thing.withdrawn |= {corrects}
        if rests_on_it:
            thing.words, thing.said, thing.home = {}, None, None
            for earlier in history():
                thing.place(earlier)
    thing.place(word)
    thing.version += 1
    after = thing.status
    return Change(
        element=thing.element,
        id=thing.id,
        from_status=before,
        to_status=after,
        from_org=from_org,
        to_org=thing.org,
        since=thing.since,
        unusual=(
            before != after
            and corrects is None
            and after != NEW
            and not is_usual(thing.element, before, after)
        ),
    )
