"""What live holds: the numbers of the present, kept level with the views.

A step asks for what moved since the last one, for all organisations together, and adds it.
The numbers are only a cache of the full query: a reload replaces them, a check holds them
to it.
"""

from __future__ import annotations

from typing import NamedTuple

from services.backbone.log import LOAD_PREFIX
from services.backbone.progress import NEVER, Applied, Progress
from services.dashboard_api.panels.levels import Cell, Levels, differences
from services.dashboard_api.panels.sources import Heard, Sources
from services.dashboard_api.reads import Reads


class Held(NamedTuple):
    """Everything that frames are rendered from, at one moment."""

    levels: Levels
    heard: Heard
    sources: Sources


class Keeper:
    """Keeps the numbers level with what the projector has applied."""

    def __init__(self, reads: Reads, *, reload_positions: int) -> None:
        """More new positions than ``reload_positions`` are quicker reloaded than added."""
        self._reads = reads
        self._reload_positions = reload_positions
        self._reload_due = False
        self.applied = Applied({}, NEVER, 0)
        self.held: Held | None = None

    def must_reload(self, applied: Applied) -> bool:
        """Whether adding is not enough: nothing held, the past changed, or too much came."""
        if self.held is None or self._reload_due or loads(applied) != loads(self.applied):
            return True
        new = sum(applied.positions.values()) - sum(self.applied.positions.values())
        return new > self._reload_positions

    async def reload(self, applied: Applied) -> None:
        """Count everything anew; raises WarehouseFailed."""
        firsts = await self._reads.first_heard()
        senders = [sender for sender, _ in firsts]
        counted = await self._reads.counted(applied.watermark, senders=senders)
        sources = await self._reads.sources(applied.watermark, firsts)
        self.held = Held(counted.levels, counted.heard, sources)
        self.applied, self._reload_due = applied, False

    async def advance(self, applied: Applied) -> None:
        """Add what came since the last step; raises WarehouseFailed and then adds nothing."""
        if self.held is None or applied.watermark <= self.applied.watermark:
            return
        held, positions = self.held, self.applied.positions
        for came in await self._reads.came(positions, applied.positions):
            for flow in came.flows:
                held.levels.add(flow)
            held.sources.add(came.arrival)
            held.heard.note(came.arrival)
        self.applied = applied

    async def check(self, checks: Reads, progress: Progress) -> list[tuple[Cell, int, int]]:
        """Hold the numbers to the full query at the same moment: (cell, held, counted).

        Empty too where an import was changing the past meanwhile.  Raises WarehouseFailed.
        """
        held, applied = self.held, self.applied
        if held is None:
            return []
        cells = dict(held.levels.cells)
        counted = await checks.levels(applied.watermark)
        if loads(progress.snapshot()) != loads(applied) or self.held is not held:
            return []
        return differences(cells, counted.cells)

    def distrust(self) -> None:
        """Count everything anew at the next chance."""
        self._reload_due = True


def loads(applied: Applied) -> dict[str, int]:
    """How far the imports are."""
    return {n: p for n, p in applied.positions.items() if n.startswith(LOAD_PREFIX)}
