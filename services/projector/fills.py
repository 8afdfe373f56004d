"""How far a rebuild has come, kept in the warehouse: one that was broken off goes on there.

One job at a time changes the views (see ``lock``), so what stands here is of one rebuild.
"""

from __future__ import annotations

from services.backbone.warehouse import Warehouse
from services.projector.layout import Layout

RECORD = "fills"
_REACHED = """
SELECT node, max(upto) FROM fills
WHERE target = {target:String} AND digest = {digest:String}
GROUP BY node
"""
_MADE = """
SELECT count() FROM system.tables
WHERE database = currentDatabase() AND name IN ({target:String}, concat({target:String}, '_feed'))
"""
_NOTE = (
    "INSERT INTO fills (target, digest, node, upto)"
    " VALUES ({target:String}, {digest:String}, {node:String}, {upto:UInt64})"
)


def reached(warehouse: Warehouse, target: str, digest: str) -> dict[str, int] | None:
    """Up to which position of each node the table is filled; None where it must be made anew.

    That is so where nothing of this form was begun, or the table or its feed is gone: a feed
    that stands has taken in all that came since it was made.  Raises WarehouseFailed.
    """
    found = dict(warehouse.rows(_REACHED, {"target": target, "digest": digest}))
    ((standing,),) = warehouse.rows(_MADE, {"target": target})
    if found.pop("", None) is None or standing != 2:
        return None
    return found


def begin(warehouse: Warehouse, target: str, digest: str) -> None:
    """Note that the table and its feed stand, and nothing else yet.  Raises WarehouseFailed."""
    note(warehouse, target, digest, "", 0)


def note(warehouse: Warehouse, target: str, digest: str, node: str, upto: int) -> None:
    """Note that all of a node up to a position stands in the table.  Raises WarehouseFailed."""
    place = {"target": target, "digest": digest, "node": node, "upto": upto}
    warehouse.command(_NOTE, place)


def forget(warehouse: Warehouse, layout: Layout) -> None:
    """Nothing is being made any more.  Raises WarehouseFailed."""
    for statement in layout.empty(RECORD):
        warehouse.command(statement, patient=True)
