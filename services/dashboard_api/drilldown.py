"""From a number to the things behind it, and from a thing to its facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from schemas.organisations import scope_of
from services.backbone.identity import Identity
from services.dashboard_api.clocks import Stay
from services.dashboard_api.cursor import BEGINNING, Cursor, written
from services.dashboard_api.errors import CursorInvalid
from services.dashboard_api.fact_reader import facts_of, links_of, measured_in, versions_of
from services.dashboard_api.facts import Fact, Key, as_it_was, by_thing, life
from services.dashboard_api.law import Law
from services.dashboard_api.microseconds import moment_of_us, us_of_moment
from services.dashboard_api.readers import Readers, sql
from services.dashboard_api.told import told


class Wish(NamedTuple):
    """Which things someone wants to see."""

    element: str
    org: str
    statuses: Sequence[str]
    limit: int


class Listed(NamedTuple):
    """A thing in a list; ``version`` is that of its state, which may not be read yet."""

    since_us: int
    id: str
    org: str
    status: str
    version: int
    state: dict[str, Any] | None = None


class DrillDown:
    """Lists of things, and one thing with all that is known of it."""

    def __init__(self, readers: Readers, law: Law) -> None:
        self._readers = readers
        self._law = law

    async def now(self, wish: Wish, cursor: Cursor) -> dict[str, Any]:
        """A page of the things as they stand; raises WarehouseFailed."""
        rows = await self._readers.rows(sql("list_now"), _parameters(wish, cursor))
        found = [
            Listed(since, id_, org, status, 0, msgspec.json.decode(state))
            for id_, org, status, since, state in rows
        ]
        return _page(wish, found, None)

    async def as_known(self, wish: Wish, cursor: Cursor, as_of: datetime) -> dict[str, Any]:
        """A page of the things as they were known at a moment; raises WarehouseFailed."""
        rows = await self._readers.rows(
            sql("list_as_known"), {**_parameters(wish, cursor), "as_of": as_of}
        )
        found = [Listed(since, id_, org, status, n) for id_, org, status, since, n in rows]
        return _page(wish, await self._with_states(wish, found), as_of)

    async def as_was(
        self, wish: Wish, cursor: Cursor, moment: datetime, known: datetime
    ) -> dict[str, Any]:
        """A page of the things as they were at a moment, by what is known now.

        Raises WarehouseFailed.
        """
        rows = await self._readers.rows(
            sql("list_as_was"),
            {**_parameters(wish, cursor), "moment": moment, "known": known},
        )
        found = [Listed(since, i, o, s, n) for i, o, s, since, n, mixed in rows if not mixed]
        mixed = [(wish.element, row[0]) for row in rows if row[-1]]
        found += await self._folded(wish, mixed, moment, known)
        found.sort(key=lambda thing: (thing.since_us, thing.id))
        after = (cursor.since_us, cursor.id)
        page = [thing for thing in found if (thing.since_us, thing.id) > after]
        return _page(wish, await self._with_states(wish, page[: wish.limit + 1]), moment)

    async def thing(self, identity: Identity, key: Key, as_of: datetime) -> dict[str, Any] | None:
        """One thing as it was known at a moment, with its facts and links.

        None where nothing was known of it, or it lies outside the scope.  Raises
        WarehouseFailed.
        """
        facts = await facts_of(self._readers, [key], known=as_of)
        if not facts or not identity.may_see(facts[-1].moved["to_org"]):
            return None
        links = await links_of(self._readers, key, as_of)
        moved = facts[-1].moved
        stay = await self._stay(facts, links, as_of) if key[0] == "person" else None
        return {
            "element": key[0],
            "id": key[1],
            "as_of": as_of,
            "status": moved["to_status"] or None,
            "since": moved["since"],
            "org": moved["to_org"],
            "state": facts[-1].state,
            "events": told(facts),
            "links": [{"element": element, "id": id_} for element, id_ in links],
            **self._law.story(facts, stay, as_of),
        }

    async def _stay(self, facts: Sequence[Fact], links: Sequence[Key], as_of: datetime) -> Stay:
        """What the clocks of a person rest on."""
        cases = [id_ for element, id_ in links if element == "case"]
        measured = await measured_in(self._readers, cases, as_of)
        person_no = facts[-1].subject
        return Stay(facts[-1].state, life(facts), measured.get(person_no, ()))

    async def _folded(
        self, wish: Wish, things: Sequence[Key], moment: datetime, known: datetime
    ) -> list[Listed]:
        """Those of some things that belong into a list, each folded from its facts."""
        scope = scope_of(wish.org)
        found = []
        for (_, id_), facts in by_thing(await facts_of(self._readers, things, known=known)):
            was = as_it_was(facts, moment)
            if was and was.org.startswith(scope) and was.status in wish.statuses:
                since_us = us_of_moment(was.since)
                found.append(Listed(since_us, id_, was.org, was.status, 0, was.state))
        return found

    async def _with_states(self, wish: Wish, found: Iterable[Listed]) -> list[Listed]:
        listed = list(found)
        versions = [(wish.element, one.id, one.version) for one in listed if one.state is None]
        facts = await versions_of(self._readers, versions)
        states = {fact.subject: fact.state for fact in facts.values()}
        return [
            thing if thing.state is not None else thing._replace(state=states[thing.id])
            for thing in listed
        ]


def cursor_at(cursor: Cursor, as_of: datetime | None) -> datetime | None:
    """The moment that a page belongs to; raises CursorInvalid when two are named."""
    if cursor is BEGINNING:
        return as_of
    held = None if cursor.as_of_us is None else moment_of_us(cursor.as_of_us)
    if as_of is not None and as_of != held:
        raise CursorInvalid
    return held


def _parameters(wish: Wish, cursor: Cursor) -> dict[str, Any]:
    return {
        "element": wish.element,
        "scope": scope_of(wish.org),
        "statuses": list(wish.statuses),
        "after_us": cursor.since_us,
        "after_id": cursor.id,
        "limit": wish.limit + 1,
    }


def _page(wish: Wish, found: Sequence[Listed], as_of: datetime | None) -> dict[str, Any]:
    """The page, and the cursor of the next one when there is one."""
    items = found[: wish.limit]
    cursor = None
    if len(found) > wish.limit:
        as_of_us = None if as_of is None else us_of_moment(as_of)
        cursor = written(Cursor(items[-1].since_us, items[-1].id, as_of_us))
    return {
        "items": [
            {
                "element": wish.element,
                "id": thing.id,
                "status": thing.status,
                "since": moment_of_us(thing.since_us),
                "org": thing.org,
                "state": thing.state,
            }
            for thing in items
        ],
        "next": cursor,
    }
