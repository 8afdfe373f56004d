"""The timeline of a case: the case and all that hangs on it, on either axis of time.

``occurred``: as it was, by all that is known now, up to a moment of the world.
``received``: as it was known, up to a moment of receipt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.backbone.identity import Identity
from services.dashboard_api.fact_reader import facts_of, reach_of, said_after, status_before
from services.dashboard_api.facts import Fact, Key, last_statuses
from services.dashboard_api.reach import Stay, expected, parts_of
from services.dashboard_api.readers import Readers
from services.dashboard_api.story import (
    Axis,
    Rooms,
    Seen,
    at_the_end,
    seen,
    stay_of,
    things_of,
    within,
)
from services.dashboard_api.told import told


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
        found = await self._found(identity, case_no, axis, as_of, by_now)
        if found is None:
            return None
        case, rooms = found
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
        found = await self._found(identity, case_no, axis, as_of, by_now)
        if found is None:
            return None
        things = things_of(*found)
        return {
            "case_no": case_no,
            "axis": axis,
            "as_of": as_of,
            "elements": at_the_end(things),
        }

    async def _found(
        self, identity: Identity, case_no: str, axis: Axis, as_of: datetime, known: datetime
    ) -> tuple[Seen, Rooms | None] | None:
        """The facts of the case, its parts and rooms; None where there is nothing to be seen.

        The rooms are read beside the rest as far as they can be foreseen.
        """
        key: Key = ("case", case_no)
        linked = await reach_of(self._readers, key, known)
        foreseen = expected(linked, as_of)
        facts, wide = await asyncio.gather(
            facts_of(self._readers, [key, *parts_of(linked)], known=known),
            self._wide(foreseen, known),
        )
        case = seen(facts, axis, as_of)
        own = [fact for fact in case.facts if fact.key == key]
        if not own or not identity.may_see(own[-1].moved["to_org"]):
            return None
        stay = stay_of(case)
        if stay is None:
            return case, None
        if foreseen is None or not foreseen.suffices_for(stay):
            wide = await self._wide(stay, known)
        return case, await self._rooms(stay, wide, known)

    async def _wide(self, stay: Stay | None, known: datetime) -> list[Fact]:
        """What happened in the rooms of a stay, some time before and after it too."""
        if stay is None:
            return []
        return await facts_of(self._readers, sorted(stay.rooms), known=known, between=stay.read)

    async def _rooms(self, stay: Stay, wide: Sequence[Fact], known: datetime) -> Rooms:
        """The rooms of a stay, from the facts that were read of them and perhaps of others."""
        ours = [f for f in wide if f.key in stay.rooms and f.occurred_at <= stay.read[1]]
        before = last_statuses(fact for fact in ours if fact.occurred_at < stay.since)
        unused = sorted(stay.rooms - before.keys())
        statuses = await asyncio.gather(
            *(status_before(self._readers, room, stay.since, known) for room in unused)
        )
        read = [fact for fact in ours if fact.occurred_at >= stay.since]
        return Rooms(
            before={**before, **dict(zip(unused, statuses, strict=True))},
            since=stay.since,
            told=[fact for fact in read if fact.occurred_at <= stay.until],
            read=read,
        )
