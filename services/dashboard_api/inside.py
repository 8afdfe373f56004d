"""The people in the area with their clocks, who has the least legal time left first."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from schemas.elements import ELEMENTS
from schemas.organisations import scope_of
from services.dashboard_api.clocks import Clocks, Stay
from services.dashboard_api.cursor import BEGINNING
from services.dashboard_api.drilldown import DrillDown, Wish
from services.dashboard_api.fact_reader import facts_of, measured_in
from services.dashboard_api.facts import by_thing, life
from services.dashboard_api.microseconds import moment_of_us
from services.dashboard_api.readers import Readers, sql

EVERYBODY = 1_000_000
"""All are read: who has the least time left is known only then."""

Steps = list[tuple[datetime, str]]


class Inside:
    """Reads the clocks of everybody in an area, in a few queries however many there are."""

    def __init__(self, readers: Readers, drilldown: DrillDown, clocks: Clocks) -> None:
        self._readers = readers
        self._drilldown = drilldown
        self._clocks = clocks

    async def clocks(
        self, org: str, *, as_of: datetime | None, known: datetime, limit: int
    ) -> list[dict[str, Any]]:
        """Of everybody whom an organisation holds, as known at a moment or at present.

        Over time comes first, whose time is not known last.  ``known`` is the newest moment.
        Raises WarehouseFailed.
        """
        moment = as_of or known
        people = await self._people(org, as_of)
        cases = sorted({c for person in people if (c := person["state"].get("case_no"))})
        steps, measured = await asyncio.gather(
            self._steps([person["id"] for person in people], moment),
            measured_in(self._readers, cases, moment),
        )
        told = []
        for person in people:
            id_ = person["id"]
            stay = Stay(person["state"], steps.get(id_, ()), measured.get(id_, ()))
            told.append(_told(person, self._clocks.read(stay, moment)))
        return sorted(told, key=_least_left)[:limit]

    async def _people(self, org: str, as_of: datetime | None) -> list[dict[str, Any]]:
        """Who is inside, at a moment or at present, in no order."""
        statuses = sorted(ELEMENTS["person"].active)
        if as_of is not None:
            wish = Wish("person", org, statuses, EVERYBODY)
            page = await self._drilldown.as_known(wish, BEGINNING, as_of)
            found: list[dict[str, Any]] = page["items"]
            return found
        parameters = {"scope": scope_of(org), "statuses": statuses}
        return [
            {"id": id_, "org": of, "status": status, "state": msgspec.json.decode(state)}
            for id_, of, status, state in await self._readers.rows(sql("inside"), parameters)
        ]

    async def _steps(self, persons: Sequence[str], known: datetime) -> dict[str, Steps]:
        """When each came to which status; whose facts came in disorder is folded again."""
        if not persons:
            return {}
        rows = await self._readers.rows(sql("steps_of"), {"persons": list(persons), "known": known})
        found = {id_: _changes(steps) for id_, steps, _ in rows}
        again = [
            ("person", id_)
            for id_, steps, corrected in rows
            if corrected or any(a[0] > b[0] for a, b in itertools.pairwise(steps))
        ]
        for (_, id_), facts in by_thing(await facts_of(self._readers, again, known=known)):
            found[id_] = life(facts)
        return found


def _changes(facts: Iterable[tuple[int, str]]) -> Steps:
    steps: Steps = []
    for us, status in facts:
        if status and (not steps or steps[-1][1] != status):
            steps.append((moment_of_us(us), status))
    return steps


def _told(person: dict[str, Any], clocks: dict[str, Any]) -> dict[str, Any]:
    return {
        "person_no": person["id"],
        "org": person["org"],
        "status": person["status"],
        "case_no": person["state"].get("case_no"),
        "clocks": clocks,
    }


def _least_left(person: dict[str, Any]) -> tuple[bool, float, str]:
    left_s = person["clocks"]["legal"]["left_s"]
    return (left_s is None, left_s or 0.0, person["person_no"])
