"""Keyframes: the level of every (element, organisation, status) of a node as a day began.

A day of a node is closed once the log is complete for that node beyond midnight.  Days without
a change get no keyframe: the one before, and the flows since, say the same.  Writing a keyframe
again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from services.backbone.warehouse import Warehouse

DAYS_AT_ONCE = 16
"""So few that one insert stays one block, which is one part: a reader never meets half a keyframe,
nor a later one without the earlier ones."""

_BEGINNING = date(1970, 1, 1)

_NEWEST = "SELECT max(day) FROM keyframes WHERE node = {node:String} AND element = ''"

_DUE = """
SELECT DISTINCT day + 1 AS due FROM flows
WHERE node = {node:String} AND day >= {newest:Date} AND day < {open_day:Date}
ORDER BY due
"""

_WRITE = """
INSERT INTO keyframes (day, node, element, org, status, level)
SELECT day, {node:String}, element, org, status, level FROM (
    SELECT element, org, status, frame.1 AS day, frame.2 AS level
    FROM (
        SELECT element, org, status,
               sumMap([due], [change]) AS changes,
               arrayMap(d -> changes.2[indexOf(changes.1, d)], {days:Array(Date)}) AS daily
        FROM (
            SELECT element, org, status, {first:Date} AS due, level AS change
            FROM keyframes FINAL
            WHERE day = {newest:Date} AND node = {node:String} AND element != ''
            UNION ALL
            SELECT element, org, status, day + 1 AS due, toInt64(delta) AS change
            FROM flows FINAL
            WHERE day >= {newest:Date} AND day < {last:Date} AND node = {node:String}
        )
        GROUP BY element, org, status
    )
    ARRAY JOIN arrayZip({days:Array(Date)}, arrayCumSum(daily)) AS frame
    WHERE level != 0
    UNION ALL
    SELECT '', '', '', arrayJoin({days:Array(Date)}), toInt64(0)
)
SETTINGS max_threads = 1, max_insert_threads = 1
"""


class Keyframes:
    """Writes the keyframes that are due.

    What stands is asked of the table each time, for another process may have emptied it.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._done: dict[str, date] = {}

    def close(self, reached: Mapping[str, datetime]) -> int:
        """Write what is due where each node has reached a moment; tells how many days that is.

        All flows of a node that were received before the day of its moment must stand.  Raises
        WarehouseFailed; then call it again.
        """
        return sum(
            self._close(node, moment.astimezone(UTC).date()) for node, moment in reached.items()
        )

    def _close(self, node: str, open_day: date) -> int:
        if open_day <= self._done.get(node, _BEGINNING):
            return 0
        ((newest,),) = self._warehouse.rows(_NEWEST, {"node": node})
        rows = self._warehouse.rows(_DUE, {"node": node, "newest": newest, "open_day": open_day})
        due = [day for (day,) in rows]
        for days in _portions(due):
            self._write(node, newest, days)
            newest = days[-1]
        self._done[node] = open_day
        return len(due)

    def _write(self, node: str, newest: date, days: list[date]) -> None:
        parameters = {
            "node": node,
            "days": days,
            "first": days[0],
            "last": days[-1],
            "newest": newest,
        }
        self._warehouse.command(_WRITE, parameters)


def _portions(due: list[date]) -> Iterator[list[date]]:
    for start in range(0, len(due), DAYS_AT_ONCE):
        yield due[start : start + DAYS_AT_ONCE]
