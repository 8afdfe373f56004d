"""Which partitions this projector has, and where it goes on in those that it gains."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NamedTuple

from services.backbone.log import Log
from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.checkpoints import Checkpoint
from services.projector.extent import Extent
from services.projector.holes import Holes

MEND_EVERY_S = 5.0

_NOWHERE = Checkpoint(0, {}, 0, {})

log = logging.getLogger(__name__)


class Gain(NamedTuple):
    """A partition that was gained: what its checkpoint says, and where the log begins now."""

    checkpoint: Checkpoint
    first: int

    @property
    def missed(self) -> bool:
        """Whether something was gone before it was read."""
        return self.first > self.checkpoint.offset


class Change(NamedTuple):
    """What is different from before."""

    gained: Mapping[str, Gain]
    lost: frozenset[str]


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
        written = checkpoints.read(self._warehouse)
        if assigned is None:
            gained = {p: at for p, at in written.items() if p in at.complete}
        else:
            gained = {p: written.get(p, _NOWHERE) for p in assigned - before}
        change = Change(
            {p: Gain(at, self._source.first(p)) for p, at in gained.items()},
            before - (assigned or frozenset()),
        )
        self._has, self._begun = assigned, True
        return change

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
        checkpoint = gain.checkpoint
        if checkpoint is not _NOWHERE:
            written.begin(partition, checkpoint.offset, checkpoint.complete)
        standing.begin(partition, max(gain.first, checkpoint.offset), checkpoint.complete)
        holes.begin(partition, gain.first if gain.missed else checkpoint.hole, checkpoint.past)
        if gain.missed:
            facts = {"partition": partition, "from": checkpoint.offset, "to": gain.first}
            log.error(
                "a part of the log is gone: run `yiping views refeed`", extra={"facts": facts}
            )
    return written
