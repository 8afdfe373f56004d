"""What live holds: the numbers of the present, kept level with the views.

A step asks for what moved since the last one, for all organisations together, and adds it.
The numbers are only a cache of the full query: a reload replaces them, a check holds them
to it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from services.backbone.log import LOAD_PREFIX
from services.backbone.progress import NEVER, Applied, Progress
from services.backbone.telemetry import Metrics
from services.dashboard_api.panels.levels import Cell, Levels, differences
from services.dashboard_api.panels.sources import Heard, Sources
from services.dashboard_api.reads import Came, Reads

PATIENCE_S = 10.0
"""Rows that are missing for longer are not waited for."""

log = logging.getLogger(__name__)


class Held(NamedTuple):
    """Everything that frames are rendered from, at one moment."""

    levels: Levels
    heard: Heard
    sources: Sources


class Keeper:
    """Keeps the numbers level with what the projector has applied."""

    def __init__(
        self,
        reads: Reads,
        metrics: Metrics,
        *,
        reload_positions: int,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """More new positions than ``reload_positions`` are quicker reloaded than added."""
        self._reads = reads
        self._metrics = metrics
        self._reload_positions = reload_positions
        self._clock_s = clock_s
        self._reload_due = False
        self._early: list[Came] = []
        self._wanted: Applied | None = None
        self._wanted_since_s = 0.0
        self.applied = Applied({}, NEVER, 0)
        self.held: Held | None = None

    def must_reload(self, applied: Applied) -> bool:
        """Whether adding is not enough: nothing held, the past changed, or too much came."""
        if self.held is None or self._reload_due or loads(applied) != loads(self.applied):
            return True
        new = sum(applied.positions.values()) - sum(self.applied.positions.values())
        return new > self._reload_positions and applied.watermark > self.applied.watermark

    async def reload(self, applied: Applied) -> None:
        """Count everything anew, unless the warehouse does not show yet what it has taken in.

        Raises WarehouseFailed.
        """
        early = await self._reads.beyond(applied.watermark, applied.positions)
        if not early.whole and self._waits_for(applied):
            return
        firsts = await self._reads.first_heard()
        senders = [sender for sender, _ in firsts]
        counted = await self._reads.counted(applied.watermark, senders=senders)
        sources = await self._reads.sources(applied.watermark, firsts)
        self.held = Held(counted.levels, counted.heard, sources)
        self._early, self._wanted = early.came, None
        self.applied, self._reload_due = applied, False

    async def advance(self, applied: Applied) -> None:
        """Add what came since the last step; raises WarehouseFailed and then adds nothing.

        Adds nothing either while a part is missing (a replica that lags): what was shown stays
        shown, with its moment.
        """
        applied = self._wanted or applied
        if self.held is None or applied.watermark <= self.applied.watermark:
            return
        stretch = await self._reads.came(self.applied.positions, applied.positions)
        if not stretch.whole:
            if not self._waits_for(applied):
                self.distrust()
            return
        self._add(self.held, [*self._early, *stretch.came], applied.watermark)
        self.applied, self._wanted = applied, None

    def _add(self, held: Held, came: list[Came], moment: datetime) -> None:
        """Add what was received up to the moment; one node may be further than another."""
        self._early = [fact for fact in came if fact.arrival.received_at > moment]
        for fact in sorted(came, key=lambda fact: fact.arrival.received_at):
            if fact.arrival.received_at <= moment:
                for flow in fact.flows:
                    held.levels.count(*flow)
                held.sources.add(fact.arrival)
                held.heard.note(fact.arrival)

    def _waits_for(self, applied: Applied) -> bool:
        """Whether to wait on for rows that are missing; they must come, but not for ever."""
        now_s = self._clock_s()
        if self._wanted is None:
            self._wanted, self._wanted_since_s = applied, now_s
            self._metrics.missing_rows.inc()
        if now_s - self._wanted_since_s < PATIENCE_S:
            return True
        log.error("rows that a checkpoint names are missing", extra={"facts": {"s": PATIENCE_S}})
        return False

    async def check(self, checks: Reads, progress: Progress) -> list[tuple[Cell, int, int]]:
        """Hold the numbers to the full query at the same moment: (cell, held, counted).

        Empty too where an import was changing the past meanwhile.  Raises WarehouseFailed.
        """
        held, applied = self.held, self.applied
        if held is None:
            return []
        cells = held.levels.cells
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
