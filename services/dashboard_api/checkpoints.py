"""How far the views are, asked of the warehouse: for a dashboard in a process of its own."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from services.backbone.errors import WarehouseFailed
from services.backbone.log import LOAD_PREFIX
from services.backbone.progress import NEVER, Progress
from services.backbone.telemetry import Metrics
from services.dashboard_api.readers import Readers

SILENT_AFTER = timedelta(seconds=30)
FAILED_REST_S = 2.0

log = logging.getLogger(__name__)

_COMPLETE = "SELECT node, position, received_at, written_at FROM complete"


class Node(NamedTuple):
    """How far a node is complete in every view."""

    name: str
    position: int
    received_at: datetime
    heard_at: datetime
    """When the warehouse was last told that it came further."""


def silent(nodes: list[Node]) -> frozenset[str]:
    """Live nodes from which nothing was heard while others were.

    A city whose line is cut must not hold the province up: the moment shown goes on without
    it.  By the warehouse's own clock alone, so all dashboards agree.
    """
    live = [node for node in nodes if not node.name.startswith(LOAD_PREFIX)]
    newest = max((node.heard_at for node in live), default=NEVER)
    return frozenset(node.name for node in live if newest - node.heard_at > SILENT_AFTER)


def watermark_of(nodes: list[Node]) -> datetime:
    """Up to when everything of the live nodes stands, but of those that are silent.

    That of the loads where there is no live node.
    """
    left_out = silent(nodes)
    live = [
        node.received_at
        for node in nodes
        if not node.name.startswith(LOAD_PREFIX) and node.name not in left_out
    ]
    return min(live, default=max((node.received_at for node in nodes), default=NEVER))


class Follower:
    """Reports what the projectors have checkpointed as progress."""

    def __init__(self, readers: Readers, progress: Progress, metrics: Metrics) -> None:
        self._readers = readers
        self._progress = progress
        self._metrics = metrics
        self._last: tuple[dict[str, int], datetime] | None = None
        self._silent: frozenset[str] = frozenset()

    async def follow(self, every_s: float) -> None:
        """Look again and again, until cancelled."""
        while True:
            rest_s = every_s
            try:
                await self.look()
            except WarehouseFailed as error:
                log.warning("the checkpoints could not be read: %s", error)
                rest_s = max(every_s, FAILED_REST_S)
            await asyncio.sleep(rest_s)

    async def look(self) -> None:
        """Report once, if there is news.  Raises WarehouseFailed."""
        nodes = [Node(*row) for row in await self._readers.rows(_COMPLETE, {})]
        self._tell(silent(nodes))
        news = {node.name: node.position for node in nodes}, watermark_of(nodes)
        if nodes and news != self._last:
            self._last = news
            self._progress.applied(*news)

    def _tell(self, left_out: frozenset[str]) -> None:
        self._metrics.silent_nodes.set(len(left_out))
        if left_out != self._silent:
            facts = {"silent": sorted(left_out)}
            log.warning("nodes that hold the moment up are left out", extra={"facts": facts})
        self._silent = left_out
