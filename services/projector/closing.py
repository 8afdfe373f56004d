"""When to look whether days are closed."""

from __future__ import annotations

from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.extent import Extent
from services.projector.keyframes import Keyframes

LOOK_EVERY_S = 10.0


class DayEnds:
    """Has keyframes written of days that are closed.

    Who shares the log asks the warehouse how far all are together, once in a while.  Any of
    them may write: they write the same.
    """

    def __init__(self, warehouse: Warehouse, *, shared: bool) -> None:
        self._warehouse = warehouse
        self._keyframes = Keyframes(warehouse)
        self._shared = shared
        self._look_s = float("-inf")

    def close(self, standing: Extent, now_s: float) -> None:
        """Write what is due.  Raises WarehouseFailed; then call it again."""
        nodes = standing.nodes()
        if self._shared:
            if now_s < self._look_s:
                return
            nodes = checkpoints.complete(self._warehouse)
            self._look_s = now_s + LOOK_EVERY_S
        self._keyframes.close({node: told.received_at for node, told in nodes.items()})
