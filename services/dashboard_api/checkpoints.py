"""How far the views are, asked of the warehouse: for a dashboard in a process of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from services.backbone.errors import WarehouseFailed
from services.backbone.progress import Progress
from services.backbone.telemetry import Metrics
from services.dashboard_api.completeness import Node, Told, complete, silent, watermark_of
from services.dashboard_api.readers import Readers, Row

FAILED_REST_S = 2.0
REFED_S = 1.0
"""How often is asked what was fed again, which is rare."""

log = logging.getLogger(__name__)

_TOLD = """
SELECT partition, node, position, received_at, partitions, written_at
FROM checkpoints FINAL
WHERE node != ''
"""
_REFED = """
SELECT node, max(position), max(received_at), max(written_at)
FROM refeeds
GROUP BY node
"""


class Follower:
    """Reports what the projectors have checkpointed as progress."""

    def __init__(self, readers: Readers, progress: Progress, metrics: Metrics) -> None:
        self._readers = readers
        self._progress = progress
        self._metrics = metrics
        self._told: Sequence[Row] = []
        self._refed: list[Node] = []
        self._refed_at_s = float("-inf")
        self._last: tuple[dict[str, int], datetime] | None = None
        self._silent: frozenset[str] = frozenset()

    async def follow(self, every_s: Callable[[], float]) -> None:
        """Look again and again, until cancelled; ``every_s`` tells each time how long to rest."""
        while True:
            rest_s = every_s()
            try:
                await self.look()
            except WarehouseFailed as error:
                log.warning("the checkpoints could not be read: %s", error)
                rest_s = max(rest_s, FAILED_REST_S)
            await asyncio.sleep(rest_s)

    async def look(self) -> None:
        """Report once, if there is news.  Raises WarehouseFailed."""
        fed = await self._was_fed_again()
        told = await self._readers.rows(_TOLD, {})
        if told == self._told and not fed:
            return
        self._told = told
        nodes = complete((Told(*row) for row in told), self._refed)
        self._tell(silent(nodes))
        news = {node.name: node.position for node in nodes}, watermark_of(nodes)
        if nodes and news != self._last:
            self._last = news
            self._progress.applied(*news)

    async def _was_fed_again(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._refed_at_s < REFED_S:
            return False
        known = self._refed
        self._refed = [Node(*row) for row in await self._readers.rows(_REFED, {})]
        self._refed_at_s = now_s
        return self._refed != known

    def _tell(self, left_out: frozenset[str]) -> None:
        self._metrics.silent_nodes.set(len(left_out))
        if left_out != self._silent:
            facts = {"silent": sorted(left_out)}
            log.warning("nodes that hold the moment up are left out", extra={"facts": facts})
        self._silent = left_out
