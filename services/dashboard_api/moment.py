"""Where the numbers of a moment stand: each node's keyframe before it, and the flows since.

A keyframe is the level at 00:00 UTC of a day, written once all earlier days of its node are
closed; a row without element says that it is whole.  A node without any keyframe before the
moment is summed from its first day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from services.backbone.progress import Progress
from services.dashboard_api.readers import Readers

_KEYFRAMES = """
SELECT node, max(day) FROM keyframes
WHERE element = '' AND day <= toDate({as_of:DateTime64(6, 'UTC')})
GROUP BY node
"""
_FIRST_DAYS = "SELECT node, min(day) FROM flows WHERE node IN {nodes:Array(String)} GROUP BY node"


class Bounds(NamedTuple):
    """Conditions for a query that sums keyframes and flows; texts hold parameters only."""

    keyframes: str
    flows: str
    parameters: dict[str, Any]

    def fill(self, query: str) -> str:
        """The query with its conditions in place."""
        return query.replace("[keyframes]", self.keyframes).replace("[flows]", self.flows)


class Moments:
    """Finds the bounds of any moment."""

    def __init__(self, readers: Readers, progress: Progress) -> None:
        self._readers = readers
        self._progress = progress
        self._first_days: dict[str, date] = {}

    async def bounds(self, as_of: datetime) -> Bounds:
        """Where to begin for each node; raises WarehouseFailed."""
        rows = await self._readers.rows(_KEYFRAMES, {"as_of": as_of})
        starts: dict[str, date] = dict(rows)
        rest = self._progress.snapshot().positions.keys() - starts.keys()
        await self._learn_first_days(rest - self._first_days.keys())
        firsts = {
            node: self._first_days[node]
            for node in rest
            if node in self._first_days and self._first_days[node] <= as_of.date()
        }
        return bounds_of(starts, firsts)

    async def _learn_first_days(self, nodes: Iterable[str]) -> None:
        unknown = sorted(nodes)
        if unknown:
            rows = await self._readers.rows(_FIRST_DAYS, {"nodes": unknown})
            self._first_days.update(rows)


def bounds_of(keyframes: Mapping[str, date], firsts: Mapping[str, date]) -> Bounds:
    """The conditions for nodes that have a keyframe, and for those summed from their start."""
    parameters: dict[str, Any] = {}
    at_keyframe: list[str] = []
    since: list[str] = []
    for i, (node, day) in enumerate(sorted([*keyframes.items(), *firsts.items()])):
        parameters[f"node_{i}"], parameters[f"day_{i}"] = node, day
        if node in keyframes:
            at_keyframe.append(f"node = {{node_{i}:String}} AND day = {{day_{i}:Date}}")
        since.append(f"node = {{node_{i}:String}} AND day >= {{day_{i}:Date}}")
    return Bounds(_either(at_keyframe), _either(since), parameters)


def _either(conditions: list[str]) -> str:
    return " OR ".join(f"({c})" for c in conditions) or "false"
