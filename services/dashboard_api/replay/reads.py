"""What replays ask of the warehouse: a moment whole, and what came in some steps after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from schemas.organisations import scope_of
from services.backbone.progress import Progress
from services.dashboard_api.frames_at import Firsts
from services.dashboard_api.held import loads
from services.dashboard_api.microseconds import us_of_moment
from services.dashboard_api.moment import Moments
from services.dashboard_api.panels.levels import Levels
from services.dashboard_api.panels.sources import Heard, Sources
from services.dashboard_api.readers import Readers, Row, sql
from services.dashboard_api.reads import Counted, Reads, digits_for
from services.dashboard_api.replay.clock import Grid
from services.dashboard_api.replay.scene import Scene, Screen, Stretch, View


class Ground(NamedTuple):
    """What a scene was counted from; what comes after it must be read of the same."""

    nodes: tuple[str, ...]
    loads: dict[str, int]
    """How far the imports were; when one goes on, the past is another."""
    senders: tuple[str, ...]
    """Those whose silence makes a trend unknown."""
    sources: tuple[str, ...]
    """Those whose freshness is shown."""


class ReplayReads:
    """Scenes and stretches; all replays of a process share its clients, and no one else does."""

    def __init__(
        self, readers: Readers, progress: Progress, firsts: Firsts, screen: Screen
    ) -> None:
        self._readers = readers
        self._reads = Reads(readers, Moments(readers, progress))
        self._progress = progress
        self._firsts = firsts
        self._screen = screen

    async def scene(self, view: View, moment: datetime) -> tuple[Scene, Ground]:
        """Everything counted anew at a moment; raises WarehouseFailed."""
        applied = self._progress.snapshot()
        firsts = await self._firsts()
        speaking = Sources()
        for sender, first in firsts:
            speaking.first_heard(sender, first)
        senders = _within(firsts, speaking.scope_for(view.org, moment))
        mine = _within(firsts, scope_of(view.org)[:6]) if view.with_freshness else []
        counted = Counted(Levels(), Heard())
        if view.elements:
            counted = await self._reads.counted(
                moment, senders=_names(senders), elements=view.elements, org=view.org
            )
        sources = await self._reads.sources(moment, mine)
        ground = Ground(tuple(applied.positions), loads(applied), _names(senders), _names(mine))
        scene = Scene(view, self._screen, moment, *counted, sources, speaking)
        return scene, ground

    def stands(self, ground: Ground) -> bool:
        """Whether the past is still what it was."""
        return loads(self._progress.snapshot()) == ground.loads

    async def stretch(self, view: View, ground: Ground, grid: Grid, after: int) -> Stretch:
        """What came in the steps of a grid's stretch after a step; raises WarehouseFailed."""
        last = grid.stretch_end(after)
        asked = _asked(view, ground, grid, after, last)
        moves: Sequence[Row] = ()
        arrivals: Sequence[Row] = ()
        if view.elements:
            moves = await self._readers.rows(sql("replay_moves"), asked)
        if ground.sources:
            asked = {**asked, "senders": sorted(ground.sources)}
            arrivals = await self._readers.rows(sql("replay_arrivals"), asked)
        return Stretch(last, moves, arrivals)


def _asked(view: View, ground: Ground, grid: Grid, after: int, last: int) -> dict[str, Any]:
    scope = scope_of(view.org)
    return {
        "anchor_us": us_of_moment(grid.anchor),
        "step_us": grid.step // timedelta(microseconds=1),
        "since": grid.moment(after),
        "until": grid.moment(last),
        "nodes": sorted(ground.nodes),
        "elements": view.elements,
        "scope": scope,
        "digits": digits_for(view.org),
        "senders": sorted(ground.senders),
        "heard_digits": min(len(scope), 6),
    }


def _within(firsts: Iterable[tuple[str, datetime]], scope: str) -> list[tuple[str, datetime]]:
    return [(sender, first) for sender, first in firsts if sender.startswith(scope)]


def _names(firsts: Iterable[tuple[str, datetime]]) -> tuple[str, ...]:
    return tuple(sender for sender, _ in firsts)
