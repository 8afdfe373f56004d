"""Live: every watched panel, shown to all who watch it at once.

A tick brings the held numbers up to date, renders the panels that are watched and were
touched, and hands each patch over once.  So the cost grows neither with the walls nor with
the size of the province.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from schemas.organisations import Organisations
from services.backbone.errors import WarehouseFailed
from services.backbone.progress import NEVER, Progress
from services.backbone.telemetry import Metrics
from services.dashboard_api.channel import Channel
from services.dashboard_api.errors import Refused
from services.dashboard_api.held import Held, Keeper
from services.dashboard_api.panels import elements, freshness
from services.dashboard_api.panels.buckets import BUCKET_S, BUCKETS, bucket_of_moment
from services.dashboard_api.reads import Reads

log = logging.getLogger(__name__)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often things happen."""

    tick_s: float = 0.1
    """Least time from tick to tick; a slow one makes the next wait as long as it took."""
    pulse_s: float = 1.0
    """A tick comes at least this often, so that silence is noticed."""
    freshness_s: float = 1.0
    """Least time between two frames of freshness."""
    reload_s: float = 1.0
    """Least time between two reloads of all levels."""
    reload_rest: float = 5.0
    """A reload begins at most once in so many times the last one's own length."""
    reload_positions: int = 50_000
    """More new positions than this are quicker reloaded than added."""
    unwatched_rest_s: float = 10.0
    """While nobody watches, ticks come with the pulse and reloads at most this often."""
    linger_s: float = 180.0
    """How long a channel that nobody watches goes on, for those who come back."""
    check_s: float = 60.0
    """How often the levels are held against the full query."""
    recheck_s: float = 3.0
    """How soon again when they differ."""


class Watched:
    """A channel and those who watch it."""

    __slots__ = ("channel", "left_at_s", "watchers")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.watchers: set[object] = set()
        self.left_at_s = 0.0


Deliver = Callable[[Channel, bytes, set[Any]], None]
"""Sends a push of a channel to those who watch it."""


class Live:
    """The present state of all panels; ``run`` keeps it so until it is cancelled."""

    def __init__(
        self,
        *,
        reads: Reads,
        checks: Reads,
        progress: Progress,
        organisations: Organisations,
        centres: Iterable[str],
        now: Callable[[], datetime],
        metrics: Metrics,
        pace: Pace,
        thresholds: freshness.Thresholds,
    ) -> None:
        """``reads`` serves the ticks alone, so that nobody's query holds them up; ``checks``
        serves the slow check."""
        self._keeper = Keeper(reads, metrics, reload_positions=pace.reload_positions)
        self._checks = checks
        self._progress = progress
        self._listed = elements.listed(organisations)
        self._centres = tuple(centres)
        self._now = now
        self._metrics = metrics
        self._pace = pace
        self._thresholds = thresholds
        self._watched: dict[str, Watched] = {}
        self._looked_at = asyncio.Event()
        self._bucket = 0
        self._reloaded_at_s = self._fresh_at_s = self._check_at_s = float("-inf")
        self._reload_rest_s = 0.0
        self._check: asyncio.Task[None] | None = None
        self._suspected = False
        self.deliver: Deliver = _to_nobody

    @property
    def as_of(self) -> datetime | None:
        """Data time: everything received up to it is shown; None while there is nothing."""
        return self._keeper.applied.watermark if self._keeper.held else None

    def known_orgs(self) -> set[str]:
        """Every organisation that is or was responsible for anything."""
        return self._keeper.held.levels.orgs() if self._keeper.held else set()

    async def firsts(self) -> list[tuple[str, datetime]]:
        """When each source was heard for the first time; raises WarehouseFailed."""
        held = self._keeper.held
        return held.sources.firsts() if held else await self._checks.first_heard()

    def subscribe(
        self,
        watcher: object,
        panel: str,
        org: str,
        epoch: str | None = None,
        offset: int | None = None,
    ) -> tuple[str, msgspec.Raw]:
        """Let someone watch a panel; the channel's name and what to answer.

        Raises Refused while nothing was counted yet.
        """
        name, frame = f"{panel}/{org}", self._frame(panel, org)
        watched = self._watched.get(name)
        if watched is None:
            watched = Watched(Channel(panel, org, secrets.token_hex(6), frame))
            self._watched[name] = watched
        else:
            self._show_frame(watched, frame)
        watched.watchers.add(watcher)
        self._looked_at.set()
        return name, watched.channel.answer(epoch, offset)

    def unsubscribe(self, watcher: object, name: str) -> None:
        """No more of a channel for someone."""
        watched = self._watched.get(name)
        if watched:
            watched.watchers.discard(watcher)
            watched.left_at_s = asyncio.get_running_loop().time()
        if not any(watched.watchers for watched in self._watched.values()):
            self._looked_at.clear()

    def snapshot_push(self, name: str) -> bytes:
        """The push that replaces what someone who watches holds of a channel."""
        return self._watched[name].channel.snapshot_push()

    async def run(self) -> None:
        """Tick until cancelled; a warehouse that fails is asked again."""
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            generation = self._progress.snapshot().generation
            try:
                await self.tick()
            except WarehouseFailed:
                log.exception("a tick failed; the next one tries again")
            except Exception:
                log.exception("live has ended; the process is no longer ready")
                raise
            took_s = loop.time() - began_s
            self._metrics.tick_s.observe(took_s)
            watched_s, unwatched_s = self._pace.tick_s, self._pace.pulse_s
            await self.rest(max(watched_s - took_s, took_s), max(unwatched_s - took_s, took_s))
            await asyncio.to_thread(self._progress.wait, generation, self._pace.pulse_s)

    async def close(self) -> None:
        """End a check that is under way."""
        if self._check:
            self._check.cancel()
            await asyncio.gather(self._check, return_exceptions=True)

    async def tick(self) -> None:
        """Catch up with what the projector has applied, and show it; raises WarehouseFailed."""
        applied = self._progress.snapshot()
        if applied.watermark == NEVER:
            return
        loop = asyncio.get_running_loop()
        if not self._keeper.must_reload(applied):
            await self._keeper.advance(applied)
        elif self._may_reload(loop.time()):
            began_s = loop.time()
            await self._keeper.reload(applied)
            took_s = loop.time() - began_s
            self._reloaded_at_s = began_s
            self._reload_rest_s = max(self._pace.reload_s, self._pace.reload_rest * took_s)
            self._bucket = 0
        if self._keeper.held:
            await self._show(self._keeper.held)
            self._start_check()

    def _may_reload(self, now_s: float) -> bool:
        rest_s = self._reload_rest_s
        if self._keeper.held and not self.is_watched:
            rest_s = max(rest_s, self._pace.unwatched_rest_s)
        return now_s - self._reloaded_at_s >= rest_s

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks."""
        return self._looked_at.is_set()

    async def rest(self, watched_s: float, unwatched_s: float) -> None:
        """Rest as long as somebody watches or nobody does; who begins to is not kept waiting."""
        if self.is_watched:
            await asyncio.sleep(watched_s)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._looked_at.wait(), unwatched_s)

    async def _show(self, held: Held) -> None:
        """Render what is watched and was touched; hand over what changed."""
        now_s = asyncio.get_running_loop().time()
        as_of = self._keeper.applied.watermark
        bucket = bucket_of_moment(as_of)
        rolled, self._bucket = bucket != self._bucket, bucket
        if rolled:
            held.levels.forget_before(bucket - (BUCKETS + 2) * BUCKET_S)
            held.heard.forget_before(bucket - (BUCKETS + 2) * BUCKET_S)
        fresh = now_s - self._fresh_at_s >= self._pace.freshness_s
        if fresh:
            self._fresh_at_s = now_s
        touched, heard = held.levels.touched(), held.heard.touched()
        self._drop_unwatched(now_s)
        for watched in list(self._watched.values()):
            panel, org = watched.channel.panel, watched.channel.org
            if panel == freshness.PANEL:
                due = fresh
            else:
                due = rolled or (panel, org) in touched
                due = due or bool(heard and held.sources.scope_for(org, as_of) in heard)
            if due:
                self._show_frame(watched, self._frame(panel, org))
                await asyncio.sleep(0)

    def _show_frame(self, watched: Watched, frame: dict[str, Any]) -> None:
        message = watched.channel.show(frame)
        if message is not None:
            self.deliver(watched.channel, message, watched.watchers)

    def _drop_unwatched(self, now_s: float) -> None:
        for name, watched in list(self._watched.items()):
            if not watched.watchers and now_s - watched.left_at_s > self._pace.linger_s:
                del self._watched[name]

    def _frame(self, panel: str, org: str) -> dict[str, Any]:
        held, as_of = self._keeper.held, self._keeper.applied.watermark
        if held is None:
            raise Refused("not_ready", "nothing was counted yet", temporary=True)
        if panel == freshness.PANEL:
            frame: object = freshness.render(
                held.sources.states(),
                org=org,
                as_of=as_of,
                now=self._now(),
                centres=self._centres,
                thresholds=self._thresholds,
            )
        else:
            frame = elements.render(
                held.levels,
                held.heard,
                self._listed,
                element=panel,
                org=org,
                as_of=as_of,
                sources=held.sources.scope_for(org, as_of),
            )
        built: dict[str, Any] = msgspec.to_builtins(frame)
        return built

    def _start_check(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._check_at_s and (self._check is None or self._check.done()):
            self._check_at_s = now_s + self._pace.check_s
            self._check = asyncio.create_task(self._hold_to_query())

    async def _hold_to_query(self) -> None:
        """One difference may be an import that has inserted and not yet reported; two are not."""
        try:
            different = await self._keeper.check(self._checks, self._progress)
        except WarehouseFailed:
            log.exception("the check of the levels failed; it will be made again")
            return
        if different and self._suspected:
            log.error("levels differ", extra={"facts": {"cells": len(different)}})
            self._metrics.level_differences.inc(len(different))
            self._keeper.distrust()
        elif different:
            self._check_at_s = asyncio.get_running_loop().time() + self._pace.recheck_s
        self._suspected = bool(different) and not self._suspected


def _to_nobody(_channel: Channel, _message: bytes, _watchers: set[Any]) -> None:
    """What happens to pushes before there is a socket."""
