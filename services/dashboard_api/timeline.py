"""The timeline of a case: the case and all that hangs on it, on either axis of time.

``occurred``: as it was, by all that is known now, up to a moment of the world.
``received``: as it was known, up to a moment of receipt.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from services.backbone.identity import Identity
from services.dashboard_api.fact_reader import facts_of, links_of, said_after, status_before
from services.dashboard_api.facts import Key, last_statuses
from services.dashboard_api.readers import Readers
from services.dashboard_api.story import (
    Axis,
    Rooms,
    Seen,
    at_the_end,
    seen,
    things_of,
    within,
)
from services.dashboard_api.told import told

_PARTS = ("incident", "person", "property", "dossier")
_TOLD_LATER = timedelta(hours=12)
"""So long after the persons' last fact their rooms' facts are read for what they say of before."""
_USED_BEFORE = timedelta(hours=12)
"""So long before the persons' first fact, for the last that their rooms came to until then: one
question instead of two, where a room is in daily use."""


class Timelines:
    """Tells the story of a case."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def timeline(
        self, identity: Identity, case_no: str, *, axis: Axis, as_of: datetime, known: datetime
    ) -> dict[str, Any] | None:
        """The story up to ``as_of``; None for a case that is not known or out of scope.

        ``known`` is the newest moment of receipt.  Raises WarehouseFailed.
        """
        by_now = min(as_of, known) if axis == "received" else known
        case = await self._seen(identity, case_no, axis, as_of, by_now)
        if case is None:
            return None
        rooms = await self._rooms(case, by_now)
        events = told(case.known)
        if rooms:
            after = await said_after(self._readers, rooms.told, by_now, rooms.read)
            events += told(rooms.told, after)
        return {
            "case_no": case_no,
            "axis": axis,
            "as_of": as_of,
            "things": things_of(case, rooms),
            **within(case, ("case", case_no)),
            "events": sorted(
                (event for event in events if event[f"{axis}_at"] <= as_of),
                key=lambda event: (event[f"{axis}_at"], event["node"], event["position"]),
            ),
        }

    async def state(
        self, identity: Identity, case_no: str, *, axis: Axis, as_of: datetime, known: datetime
    ) -> dict[str, Any] | None:
        """Of each element the things of the case with their status at ``as_of``, and since when.

        They are the last spans of the timeline up to then.  None for a case that is not known
        or out of scope; raises WarehouseFailed.
        """
        by_now = min(as_of, known) if axis == "received" else known
        case = await self._seen(identity, case_no, axis, as_of, by_now)
        if case is None:
            return None
        things = things_of(case, await self._rooms(case, by_now))
        return {
            "case_no": case_no,
            "axis": axis,
            "as_of": as_of,
            "elements": at_the_end(things),
        }

    async def _seen(
        self, identity: Identity, case_no: str, axis: Axis, as_of: datetime, known: datetime
    ) -> Seen | None:
        """The facts of the case and its parts; None where there is nothing to be seen."""
        key: Key = ("case", case_no)
        linked = await links_of(self._readers, key, known)
        parts = [key, *(other for other in linked if other[0] in _PARTS)]
        case = seen(await facts_of(self._readers, parts, known=known), axis, as_of)
        own = [fact for fact in case.facts if fact.key == key]
        if not own or not identity.may_see(own[-1].moved["to_org"]):
            return None
        return case

    async def _rooms(self, case: Seen, known: datetime) -> Rooms | None:
        """The rooms that the facts of the case's persons name, while the persons were there."""
        stays = [fact for fact in case.facts if fact.element == "person"]
        rooms = sorted({ref for fact in stays for ref in fact.refs if ref[0] == "place"})
        if not rooms:
            return None
        since = min(fact.occurred_at for fact in stays)
        until = max(fact.occurred_at for fact in stays)
        between = (since - _USED_BEFORE, until + _TOLD_LATER)
        wide = await facts_of(self._readers, rooms, known=known, between=between)
        before = last_statuses(fact for fact in wide if fact.occurred_at < since)
        unused = [room for room in rooms if room not in before]
        statuses = await asyncio.gather(
            *(status_before(self._readers, room, since, known) for room in unused)
        )
        read = [fact for fact in wide if fact.occurred_at >= since]
        return Rooms(
            before={**before, **dict(zip(unused, statuses, strict=True))},
            since=since,
            told=[fact for fact in read if fact.occurred_at <= until],
            read=read,
        )
