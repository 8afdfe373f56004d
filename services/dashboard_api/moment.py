"""Where the numbers of a moment stand: each node's keyframe before it, and the flows since.

A keyframe is the level at 00:00 UTC of a day.  The projector writes one after every closed
day on which anything moved; a row without element says that it is whole.  So whatever moved
between a node's keyframe and the moment moved on the day of the moment, or on days that were
not closed yet: those after the node's newest keyframe.

Which keyframes stand is remembered for moments of their days: a keyframe and all flows since are
right, whatever else stands by now.  That it still stood is said by the answer that rests on it,
which counts the rows without element.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from services.backbone.log import LOAD_PREFIX
from services.backbone.progress import Progress
from services.dashboard_api.readers import Readers

Standing = Mapping[str, Sequence[date]]
"""The days of each node that have a keyframe, in order."""

LOAD_DAYS = 7
"""So long may a load go on after its last keyframe: its end stays where it is."""

_BEGINNING = date(1970, 1, 1)

_KEYFRAMES = """
SELECT node, arraySort(groupUniqArray(toUInt16(day)))
FROM keyframes
WHERE element = ''
GROUP BY node
"""
_FIRST_DAY = """
SELECT toDate(received_at) FROM events WHERE node = {node:String}
ORDER BY node, position LIMIT 1
"""
_DAY_OF = """
SELECT toDate(received_at) FROM events
WHERE node = {node:String} AND position = {position:UInt64} LIMIT 1
"""


class Stretch(NamedTuple):
    """What of one node adds up to a moment: a keyframe, and flows of some days."""

    node: str
    keyframe: date | None
    since: date
    until: date


class Bounds(NamedTuple):
    """Conditions for a query that sums keyframes and flows; texts hold parameters only."""

    keyframes: str
    flows: str
    parameters: dict[str, Any]
    rest_on: int
    """How many keyframes must stand for the sum to be right."""

    def fill(self, query: str) -> str:
        """The query with its conditions in place."""
        return query.replace("[keyframes]", self.keyframes).replace("[flows]", self.flows)


class Moments:
    """Finds the bounds of any moment."""

    def __init__(self, readers: Readers, progress: Progress) -> None:
        self._readers = readers
        self._progress = progress
        self._first_days: dict[str, date] = {}
        self._last_days: dict[str, tuple[int, date]] = {}
        self._standing: Standing = {}

    async def bounds(self, as_of: datetime) -> Bounds:
        """What to sum for a moment; raises WarehouseFailed.

        Where fewer keyframes are found than it rests on, ``forget`` and ask again.
        """
        day, standing = as_of.date(), self._standing
        if standing:
            stretches = await self._stretches(day, standing)
            if all(map(_right_and_short, stretches)):
                return bounds_of(stretches)
        rows = await self._readers.rows(_KEYFRAMES, {})
        self._standing = standing = {node: list(map(_day, days)) for node, days in rows}
        return bounds_of(await self._stretches(day, standing))

    def forget(self) -> None:
        """Ask the warehouse which keyframes stand before the next moment."""
        self._standing = {}

    async def _stretches(self, day: date, standing: Standing) -> list[Stretch]:
        found = [
            await self._stretch(node, position, day, standing.get(node, []))
            for node, position in sorted(self._progress.snapshot().positions.items())
        ]
        return [stretch for stretch in found if stretch is not None]

    async def _stretch(
        self, node: str, position: int, day: date, days: Sequence[date]
    ) -> Stretch | None:
        before = bisect_right(days, day)
        keyframe = days[before - 1] if before else None
        since = keyframe or await self._first_day(node)
        if since is None or since > day:
            return None
        if before < len(days):
            return Stretch(node, keyframe, day, day)
        until = day
        if node.startswith(LOAD_PREFIX):
            until = min(day, await self._last_day(node, position))
        return Stretch(node, keyframe, since, until)

    async def _first_day(self, node: str) -> date | None:
        if node not in self._first_days:
            rows = await self._readers.rows(_FIRST_DAY, {"node": node})
            if not rows:
                return None
            self._first_days[node] = rows[0][0]
        return self._first_days[node]

    async def _last_day(self, node: str, position: int) -> date:
        """The day of a node's last record: an import of long ago has nothing after it."""
        held = self._last_days.get(node)
        if held is not None and held[0] == position:
            return held[1]
        rows = await self._readers.rows(_DAY_OF, {"node": node, "position": position})
        last: date = rows[0][0] if rows else date.max
        self._last_days[node] = (position, last)
        return last


def bounds_of(stretches: list[Stretch]) -> Bounds:
    """The conditions that pick out some stretches."""
    parameters: dict[str, Any] = {}
    keyframes: list[str] = []
    flows: list[str] = []
    for i, (node, keyframe, since, until) in enumerate(stretches):
        parameters |= {f"node_{i}": node, f"since_{i}": since, f"until_{i}": until}
        flows.append(
            f"node = {{node_{i}:String}} AND day BETWEEN {{since_{i}:Date}} AND {{until_{i}:Date}}"
        )
        if keyframe is not None:
            parameters[f"keyframe_{i}"] = keyframe
            keyframes.append(f"node = {{node_{i}:String}} AND day = {{keyframe_{i}:Date}}")
    return Bounds(either(keyframes), either(flows), parameters, len(keyframes))


def _right_and_short(stretch: Stretch) -> bool:
    """Whether nothing that was written since can make it wrong, or much shorter."""
    days = LOAD_DAYS if stretch.node.startswith(LOAD_PREFIX) else 0
    reach = timedelta(days=days)
    return stretch.keyframe == stretch.since and stretch.until - stretch.since <= reach


def _day(number: int) -> date:
    """The day that ClickHouse keeps as so many days since 1970."""
    return _BEGINNING + timedelta(days=number)


def either(conditions: list[str]) -> str:
    """A condition that holds where one of some does, and never where there is none."""
    return " OR ".join(f"({c})" for c in conditions) or "false"
