"""The frame of any panel at any moment: the one way to a frame besides live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from schemas.frames import ElementFrame, FreshnessFrame
from schemas.organisations import Organisations, scope_of
from services.dashboard_api.panels import elements, freshness
from services.dashboard_api.panels.sources import Sources
from services.dashboard_api.reads import Reads

Firsts = Callable[[], Awaitable[list[tuple[str, datetime]]]]
"""When each source was heard for the first time."""


class Frames:
    """Renders panels from the full query."""

    def __init__(
        self,
        reads: Reads,
        firsts: Firsts,
        organisations: Organisations,
        centres: Iterable[str],
        thresholds: freshness.Thresholds,
    ) -> None:
        self._reads = reads
        self._firsts = firsts
        self._listed = elements.listed(organisations)
        self._centres = tuple(centres)
        self._thresholds = thresholds

    async def frame(
        self, panel: str, org: str, as_of: datetime, now: datetime
    ) -> ElementFrame | FreshnessFrame:
        """What a panel shows of an organisation at a moment; raises WarehouseFailed.

        ``now`` is the moment from which silence is counted.
        """
        firsts = await self._firsts()
        if panel == freshness.PANEL:
            scope = scope_of(org)[:6]
            mine = [(sender, first) for sender, first in firsts if sender.startswith(scope)]
            sources = await self._reads.sources(as_of, mine)
            return freshness.render(
                sources.states(),
                org=org,
                as_of=as_of,
                now=now,
                centres=self._centres,
                thresholds=self._thresholds,
            )
        speaking = Sources()
        for sender, first in firsts:
            speaking.first_heard(sender, first)
        scope = speaking.scope_for(org, as_of)
        senders = [sender for sender in speaking.senders() if sender.startswith(scope)]
        counted = await self._reads.counted(as_of, senders=senders, elements=[panel], org=org)
        return elements.render(
            counted.levels,
            counted.heard,
            self._listed,
            element=panel,
            org=org,
            as_of=as_of,
            sources=scope,
        )
