"""Checkpoints: how far the log surely stands in every view, for all who share the work.

Whatever was written is true for ever: a reader that has lost a partition, and does not know
it yet, writes nothing wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from services.backbone.log import Complete
from services.backbone.warehouse import Warehouse
from services.projector.extent import Extent, Place
from services.projector.holes import Holes, Refeed

UNHEARD = datetime(1970, 1, 1, tzinfo=UTC)

ANEW = 2**40
"""Versions of a partition go on from the next multiple of this where another log has it."""

_READ = """
SELECT partition, node, offset, position, received_at, partitions, hole, log, version
FROM checkpoints FINAL
"""
_COMPLETE = "SELECT node, position, received_at FROM complete"
_REFEEDS = "SELECT node, holes FROM refeeds"


class Checkpoint(NamedTuple):
    """Where a partition is."""

    offset: int
    complete: Mapping[str, Complete]
    hole: int
    past: Mapping[str, int]
    """The last hole that each node is past."""
    log: str
    """Which log it was."""
    base: int
    """What is added to its offsets, so that a later log's count as later."""


class _Row(msgspec.Struct):
    partition: str
    node: str
    offset: int
    position: int
    received_at: datetime
    partitions: int
    hole: int
    log: str
    version: int


class _RefeedRow(msgspec.Struct):
    node: str
    position: int
    received_at: datetime
    holes: Mapping[str, int]


_encoder = msgspec.json.Encoder()


def read(warehouse: Warehouse) -> dict[str, Checkpoint]:
    """The checkpoint of each partition that has one.  Raises WarehouseFailed."""
    rows = [_Row(*row) for row in warehouse.rows(_READ)]
    own = {row.partition: row for row in rows if not row.node}
    found = {}
    for partition, of_partition in own.items():
        nodes = [row for row in rows if row.node and row.partition == partition]
        complete = {r.node: Complete(r.position, r.received_at, r.partitions) for r in nodes}
        past = {row.node: row.hole for row in nodes}
        base = of_partition.version - of_partition.offset
        found[partition] = Checkpoint(
            of_partition.offset, complete, of_partition.hole, past, of_partition.log, base
        )
    return found


def complete(warehouse: Warehouse) -> dict[str, Complete]:
    """How far each node is over all partitions, whoever reads them.  Raises WarehouseFailed."""
    return {
        node: Complete(position, received_at)
        for node, position, received_at in warehouse.rows(_COMPLETE)
    }


def refeeds(warehouse: Warehouse) -> list[Refeed]:
    """What was fed again.  Raises WarehouseFailed."""
    return [Refeed(node, holes) for node, holes in warehouse.rows(_REFEEDS)]


def write_refeeds(
    warehouse: Warehouse, fed: Mapping[str, Complete], holes: Mapping[str, int]
) -> None:
    """Record that nodes were fed again up to there, and which holes stood when that began."""
    rows = [_RefeedRow(n, told.position, told.received_at, holes) for n, told in fed.items()]
    warehouse.insert_json("refeeds", _encoder.encode_lines(rows))


class Checkpointer:
    """Writes what changed of an extent, not more often than asked."""

    def __init__(
        self, warehouse: Warehouse, *, every_s: float = 1.0, idle_every_s: float | None = None
    ) -> None:
        """``idle_every_s``: how often to tell others that time went on and nothing came;
        None where nobody else asks."""
        self._warehouse = warehouse
        self._every_s = every_s
        self._idle_every_s = idle_every_s
        self._written_s = float("-inf")
        self._offsets: dict[str, int] = {}
        self._complete: dict[Place, Complete] = {}
        self._log = ""
        self._bases: dict[str, int] = {}

    def begin(self, log: str, written: Extent, bases: Mapping[str, int]) -> None:
        """Hear which log it is, what the table says of it already, and what is added to
        offsets of its partitions."""
        self._log = log
        self._bases.update(bases)
        for partition in bases:
            self._offsets.pop(partition, None)
        self._complete = {place: c for place, c in self._complete.items() if place[0] not in bases}
        self._standing(written)

    def _standing(self, extent: Extent) -> None:
        self._offsets.update(extent.offsets)
        self._complete.update(extent.complete)

    def write_if_due(self, now_s: float, extent: Extent, holes: Holes) -> None:
        """Write what changed, if the last writing is long enough ago.  Raises WarehouseFailed."""
        every_s = self._every_s if self._moved(extent) else self._idle_every_s
        if every_s is not None and now_s >= self._written_s + every_s:
            self.write(now_s, extent, holes)

    def write(self, now_s: float, extent: Extent, holes: Holes) -> None:
        """Write what changed since the last writing.  Raises WarehouseFailed."""
        rows = list(self._rows(extent, holes))
        if rows:
            self._warehouse.insert_json("checkpoints", _encoder.encode_lines(rows))
            self._written_s = now_s
            self._standing(extent)

    def _moved(self, extent: Extent) -> bool:
        """Whether anything stands that others could not see before."""
        return any(
            told.position != held.position if (held := self._complete.get(place)) else True
            for place, told in extent.complete.items()
        )

    def _rows(self, extent: Extent, holes: Holes) -> Iterable[_Row]:
        for partition, offset in extent.offsets.items():
            version, log = self._bases.get(partition, 0) + offset, self._log
            if offset != self._offsets.get(partition):
                hole = holes.standing(partition)
                yield _Row(partition, "", offset, 0, UNHEARD, 0, hole, log, version)
        for (partition, node), told in extent.complete.items():
            if told != self._complete.get((partition, node)):
                offset = extent.offsets.get(partition, 0)
                yield _Row(
                    partition,
                    node,
                    offset,
                    told.position,
                    told.received_at,
                    told.partitions,
                    holes.past(partition, node),
                    self._log,
                    self._bases.get(partition, 0) + offset,
                )
