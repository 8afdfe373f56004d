"""Who may replay what, and how many at once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Hashable
from datetime import UTC, datetime
from typing import NamedTuple

from schemas import frames
from services.backbone.progress import NEVER, Progress
from services.dashboard_api.errors import Refused
from services.dashboard_api.replay.clock import FASTEST, SLOWEST
from services.dashboard_api.replay.player import Player, Shared, Span, Viewer
from services.dashboard_api.replay.scene import View
from services.dashboard_api.session import Limits

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
"""The warehouse's days begin a little before."""


class _Running(NamedTuple):
    player: Player
    task: asyncio.Task[None]
    user: str
    span: Span


class Replays:
    """All replays of a process, by whose they are: one client has one."""

    def __init__(self, shared: Shared, progress: Progress, limits: Limits) -> None:
        self._shared = shared
        self._progress = progress
        self._limits = limits
        self._running: dict[Hashable, _Running] = {}

    def begin(
        self, client: Hashable, user: str, viewer: Viewer, wish: frames.Replay
    ) -> frames.Replaying:
        """Play what a client wishes instead of what it plays; raises Refused, and then it
        plays on."""
        span = _span(wish, self._progress.snapshot().watermark)
        _check_speed(wish.speed)
        others = [one.user for of, one in self._running.items() if of != client]
        if others.count(user) >= self._limits.replays_per_user:
            raise _too_many(f"one token has {self._limits.replays_per_user} at once")
        if len(others) >= self._limits.replays:
            raise _too_many("all together have as many as they may")
        self.end(client)
        name = f"r-{secrets.token_hex(6)}"
        player = Player(name, span, wish.speed, viewer, self._shared)
        task = asyncio.create_task(player.run())
        running = _Running(player, task, user, span)
        self._running[client] = running
        self._shared.metrics.replays.inc()
        task.add_done_callback(lambda _: self._ended(client, running))
        return player.told()

    def carry_out(self, client: Hashable, command: frames.Command) -> frames.Replaying:
        """Do what a client says about its replay; raises Refused."""
        running = self._running.get(client)
        if running is None:
            raise Refused("no_replay", "this socket plays nothing")
        player = running.player
        if command.seek:
            player.seek(_within(running.span, command.seek.moment))
        elif command.pause:
            player.pause()
        elif command.resume:
            _check_speed(command.resume.speed)
            player.resume(command.resume.speed)
        elif command.stop:
            self.end(client)
            return player.told("stopped")
        return player.told()

    def end(self, client: Hashable) -> None:
        """Nothing more is told of a client's replay, if it has one."""
        running = self._running.get(client)
        if running:
            running.task.cancel()
            self._ended(client, running)

    async def close(self) -> None:
        """End all, and wait until they have."""
        tasks = [running.task for running in self._running.values()]
        for client in list(self._running):
            self.end(client)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, client: Hashable, running: _Running) -> None:
        if self._running.get(client) is running:
            del self._running[client]
            self._shared.metrics.replays.dec()


def _span(wish: frames.Replay, watermark: datetime) -> Span:
    if watermark == NEVER:
        raise Refused("not_ready", "nothing was counted yet", temporary=True)
    if not wish.panels:
        raise _bad("panels: name at least one")
    twice = {panel for panel in wish.panels if wish.panels.count(panel) > 1}
    if twice:
        raise _bad(f"panels: {min(twice)} stands twice")
    if wish.from_ >= wish.to:
        raise _bad("from: must be earlier than to")
    if wish.from_ < EARLIEST:
        raise _bad(f"from: moments begin with {EARLIEST.year}")
    if wish.from_ >= watermark:
        raise _bad("from: must be earlier than what is shown live")
    from_, to = wish.from_.astimezone(UTC), min(wish.to.astimezone(UTC), watermark)
    return Span(View(wish.org, tuple(wish.panels)), from_, to)


def _within(span: Span, moment: datetime) -> datetime:
    if not span.from_ <= moment <= span.to:
        raise _bad("moment: must lie between from and to of the replay")
    return moment.astimezone(UTC)


def _check_speed(speed: int | None) -> None:
    if speed is not None and not SLOWEST <= speed <= FASTEST:
        raise _bad(f"speed: must be from {SLOWEST} to {FASTEST}")


def _bad(what: str) -> Refused:
    return Refused("bad_replay", what)


def _too_many(why: str) -> Refused:
    return Refused("too_many_replays", f"end another replay first: {why}", temporary=True)
