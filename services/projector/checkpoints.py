"""Checkpoints: how far each node's log surely stands in every view."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from services.backbone.warehouse import Warehouse

_encoder = msgspec.json.Encoder()


def read(warehouse: Warehouse) -> dict[str, int]:
    """The checkpoint of each node; a node without one begins at 0."""
    return dict(warehouse.rows("SELECT node, max(position) FROM checkpoints GROUP BY node"))


def write(warehouse: Warehouse, positions: Mapping[str, int]) -> None:
    """Record that everything up to these positions stands in every view."""
    lines = [{"node": node, "position": position} for node, position in positions.items()]
    warehouse.insert_json("checkpoints", _encoder.encode_lines(lines))


class Checkpointer:
    """Writes checkpoints, but not more often than once in ``every_s``."""

    def __init__(self, warehouse: Warehouse, *, every_s: float = 1.0) -> None:
        self._warehouse = warehouse
        self._every_s = every_s
        self._due_s = 0.0
        self._waiting: dict[str, int] = {}

    def reached(self, positions: Mapping[str, int]) -> None:
        """Hear that everything up to these positions was inserted."""
        self._waiting.update(positions)

    def write_if_due(self, now_s: float) -> None:
        """Write what was reached, if the last writing is long enough ago."""
        if now_s >= self._due_s:
            self.write(now_s)

    def write(self, now_s: float) -> None:
        """Write what was reached since the last writing."""
        if self._waiting:
            write(self._warehouse, self._waiting)
            self._waiting = {}
            self._due_s = now_s + self._every_s
