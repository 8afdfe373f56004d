"""Which partitions this projector has, and where it goes on in those that it gains."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NamedTuple

from services.backbone.log import Complete, Log
from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.checkpoints import ANEW, Checkpoint
from services.projector.extent import Extent
from services.projector.holes import Holes

MEND_EVERY_S = 5.0

_NOWHERE = Checkpoint(0, {}, 0, {}, "", 0)

log = logging.getLogger(__name__)


class Gain(NamedTuple):
    """A partition that was gained, and where to go on in it."""

    checkpoint: Checkpoint
    """What the table says."""
    offset: int
    complete: Mapping[str, Complete]
    base: int
    first: int
    """Where the log begins now."""

    @property
    def missed(self) -> bool:
        """Whether something was gone before it was read."""
        return self.first > self.offset

    @property
    def known(self) -> bool:
        """Whether the table says this of it already."""
        return self.checkpoint is not _NOWHERE and self.base == self.checkpoint.base


class Change(NamedTuple):
    """What is different from before."""

    log: str
    gained: Mapping[str, Gain]
    lost: frozenset[str]

    def bases(self) -> dict[str, int]:
        """What is added to the offsets of each gained partition."""
        return {partition: gain.base for partition, gain in self.gained.items()}


class Shares:
    """Asks the log what this projector has, and the checkpoints where to go on."""

    def __init__(self, warehouse: Warehouse, source: Log) -> None:
        self._warehouse = warehouse
        self._source = source
        self._begun = False
        self._has: frozenset[str] | None = frozenset()
        self._mend_s = float("-inf")

    @property
    def alone(self) -> bool:
        """Whether this reader has all there is, and no place among others to keep."""
        return self._has is None

    def doubt(self) -> None:
        """Take everything up anew: the log does not have what is asked for."""
        self._begun, self._has = False, frozenset()

    def changed(self) -> bool:
        """Whether the log gives this projector other partitions than it had; asked often.

        Raises LogUnavailable.
        """
        return self._source.assigned() != self._has or not self._begun

    def take_up(self) -> Change:
        """What is lost and gained by now; from here on the gained ones count as had.

        Raises LogUnavailable, WarehouseFailed.
        """
        assigned, before = self._source.assigned(), self._has or frozenset()
        identity = self._source.identity()
        written = checkpoints.read(self._warehouse)
        if assigned is None:
            gained = {p: at for p, at in written.items() if p in at.complete}
        else:
            gained = {p: written.get(p, _NOWHERE) for p in assigned - before}
        change = Change(
            identity,
            {p: self._gain(p, at, identity) for p, at in gained.items()},
            before - (assigned or frozenset()),
        )
        self._has, self._begun = assigned, True
        return change

    def _gain(self, partition: str, at: Checkpoint, identity: str) -> Gain:
        first = self._source.first(partition)
        if at is _NOWHERE or at.log == identity:
            return Gain(at, at.offset, at.complete, at.base, first)
        # The topic was made anew: what is complete over all partitions of the old one stands,
        # in whatever partition it comes again.
        over_all = checkpoints.complete(self._warehouse)
        complete = {
            node: Complete(over_all[node].position, over_all[node].received_at, told.partitions)
            for node, told in at.complete.items()
            if node in over_all
        }
        return Gain(at, 0, complete, (at.base // ANEW + 1) * ANEW, first)

    def mend(self, holes: Holes, now_s: float) -> None:
        """Look, once in a while, which nodes were fed again.  Raises WarehouseFailed."""
        if now_s >= self._mend_s:
            self._mend_s = now_s + MEND_EVERY_S
            holes.heal(checkpoints.refeeds(self._warehouse))


def carry_over(change: Change, standing: Extent, holes: Holes) -> Extent:
    """Let what stands and the holes follow a change; answers what the checkpoints say of it."""
    written = Extent()
    standing.forget(change.lost)
    for partition in change.lost:
        holes.forget(partition)
    for partition, gain in change.gained.items():
        checkpoint, start = gain.checkpoint, max(gain.first, gain.offset)
        if gain.known:
            written.begin(partition, checkpoint.offset, checkpoint.complete)
        standing.begin(partition, start, gain.complete)
        hole = gain.base + gain.first if gain.missed else checkpoint.hole if gain.known else 0
        holes.begin(partition, hole, checkpoint.past)
        if gain.missed:
            facts = {"partition": partition, "from": gain.offset, "to": gain.first}
            log.error(
                "a part of the log is gone: run `yiping views refeed`", extra={"facts": facts}
            )
    return written
