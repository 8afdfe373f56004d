"""How far the views are, asked of the warehouse: for a dashboard in a process of its own."""

from __future__ import annotations

import asyncio
import logging

from services.backbone.errors import WarehouseFailed
from services.backbone.log import LOAD_PREFIX
from services.backbone.progress import NEVER, Progress
from services.dashboard_api.readers import Readers

log = logging.getLogger(__name__)

_CHECKPOINTS = """
SELECT node, position, received_at FROM events
WHERE (node, position) IN (SELECT node, max(position) FROM checkpoints GROUP BY node)
LIMIT 1 BY node
"""


async def follow(readers: Readers, progress: Progress, every_s: float) -> None:
    """Report the projector's checkpoints as progress, until cancelled."""
    while True:
        try:
            await look(readers, progress)
        except WarehouseFailed:
            log.exception("the checkpoints could not be read")
        await asyncio.sleep(every_s)


async def look(readers: Readers, progress: Progress) -> None:
    """Report the checkpoints once; raises WarehouseFailed.

    Complete is what the slowest live node has: its last record that certainly stands.
    """
    rows = await readers.rows(_CHECKPOINTS, {})
    positions = {node: position for node, position, _ in rows}
    live = [received for node, _, received in rows if not node.startswith(LOAD_PREFIX)]
    newest = max((received for _, _, received in rows), default=NEVER)
    watermark = min(live, default=newest)
    if positions != progress.snapshot().positions:
        progress.applied(positions, watermark)
