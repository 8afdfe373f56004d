"""Counts at a moment as any reader of the views gets them: a keyframe and the flows since."""

from __future__ import annotations

from datetime import datetime

from services.backbone.warehouse import Warehouse

_COUNTS = """
WITH newest AS (
    SELECT node, max(day) AS since FROM keyframes
    WHERE element = '' AND day <= toDate({moment:DateTime64(6, 'UTC')})
    GROUP BY node
)
SELECT element, rightPad(substring(org, 1, {length:UInt8}), 12, '0') AS code, status,
       sum(level) AS n
FROM (
    SELECT element, org, status, level FROM keyframes FINAL
    WHERE (node, day) IN newest
    UNION ALL
    SELECT element, org, status, toInt64(delta) FROM flows FINAL
    LEFT JOIN newest ON flows.node = newest.node
    WHERE flows.day >= newest.since AND received_at <= {moment:DateTime64(6, 'UTC')}
)
WHERE element != ''
GROUP BY element, code, status
HAVING n != 0
"""


def counts_at(
    warehouse: Warehouse, moment: datetime, length: int = 12
) -> dict[tuple[str, ...], int]:
    """Things by (element, organisation, status), organisations added up to ``length`` digits."""
    rows = warehouse.rows(_COUNTS, {"moment": moment, "length": length})
    return {(element, org, status): n for element, org, status, n in rows}
