"""How far the views are, asked of the warehouse: for a dashboard in a process of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from services.backbone.errors import WarehouseFailed
from services.backbone.log import LOAD_PREFIX
from services.backbone.progress import NEVER, Progress
from services.backbone.telemetry import Metrics
from services.dashboard_api.readers import Readers

SILENT_AFTER = timedelta(seconds=30)
FAILED_REST_S = 2.0
LOOK_S = 1.0
"""All is asked at least this often, whether it seems to have changed or not."""

log = logging.getLogger(__name__)

_NEWEST = "SELECT max(written_at) FROM checkpoints"
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
        self._newest: datetime | None = None
        self._looked_s = float("-inf")

    async def follow(self, rest: Callable[[], Awaitable[None]]) -> None:
        """Look whenever something was written, and rest in between, until cancelled."""
        while True:
            try:
                if await self.is_due():
                    await self.look()
            except WarehouseFailed as error:
                log.warning("the checkpoints could not be read: %s", error)
                await asyncio.sleep(FAILED_REST_S)
            await rest()

    async def is_due(self) -> bool:
        """Whether a checkpoint was written since the last call, or it is time to look anyhow.

        A quarter of what ``look`` costs the warehouse.  Raises WarehouseFailed.
        """
        ((newest,),) = await self._readers.rows(_NEWEST, {})
        known, self._newest = self._newest, newest
        return newest != known or asyncio.get_running_loop().time() - self._looked_s >= LOOK_S

    async def look(self) -> None:
        """Report once, if there is news.  Raises WarehouseFailed."""
        self._looked_s = asyncio.get_running_loop().time()
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
