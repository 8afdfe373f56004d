"""One replay as it runs: shows a moment, plays on from it, and does what its client says."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from schemas.frames import Failure, PanelChange, Replaying, ReplayPush, ReplayState
from services.backbone.errors import WarehouseFailed
from services.backbone.telemetry import Metrics
from services.dashboard_api.replay.clock import PUSH_S, Clock, grid_from
from services.dashboard_api.replay.film import Film, Films
from services.dashboard_api.replay.pushes import Picture, Shown
from services.dashboard_api.replay.scene import View
from services.dashboard_api.replay.waiting import Time

log = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode
_NO_VIEWS = Failure(code="views_unavailable", message="resume in a while", temporary=True)
_FAILED = Failure(code="replay_failed", message="begin another replay", temporary=False)


class Viewer(Protocol):
    """The client of a replay."""

    def reads(self) -> bool:
        """Whether it takes what it is sent; one that does not is spared."""

    def tell(self, message: bytes) -> None:
        """Send it a push."""


class Span(NamedTuple):
    """What is played."""

    view: View
    from_: datetime
    to: datetime


class Shared(NamedTuple):
    """What all replays of a process have in common."""

    films: Films
    time: Time
    metrics: Metrics


class _Goal(NamedTuple):
    """A moment from which a film is to be begun."""

    moment: datetime
    due_s: float | None = None
    """When it was to be shown, for one that fell behind; else the clock begins when it is."""


class _Seat(NamedTuple):
    """Where one who plays is in a film."""

    film: Film
    step: int
    """The newest one that was due."""
    picture: Picture
    clock: Clock | None
    """None while it stands still."""


class Player:
    """Plays; ``run`` does so until it is cancelled, the other methods take commands."""

    def __init__(self, name: str, span: Span, speed: int, viewer: Viewer, shared: Shared) -> None:
        self._name = name
        self._span = span
        self._speed = speed
        self._viewer = viewer
        self._films, self._time, self._metrics = shared
        self._state: ReplayState = "playing"
        self._moment = self._told_moment = span.from_
        self._goal: _Goal | None = _Goal(span.from_)
        self._film: Film | None = None
        self._seat: _Seat | None = None
        self._shown = Shown()
        self._n = 0
        self._news = asyncio.Event()

    def seek(self, moment: datetime) -> None:
        """Show another moment; what had ended plays on from there."""
        self._shown.forget()
        self._go_to(moment)
        if self._state == "ended":
            self._state = "playing"

    def pause(self) -> None:
        """Stay at the moment that is shown, or just about to be."""
        self._state = "paused"
        if self._seat:
            self._seat = self._seat._replace(clock=None)
        self._news.set()

    def resume(self, speed: int | None = None) -> None:
        """Play on, faster or slower if so; from the beginning where the end is shown."""
        another_speed = speed not in (None, self._speed)
        self._speed = self._speed if speed is None else speed
        stood, self._state = self._state != "playing", "playing"
        if self._goal is None and (stood or another_speed) and self._moment >= self._span.to:
            self.seek(self._span.from_)
        elif another_speed:
            self._go_to(self._moment)
        elif stood:
            self._news.set()

    def told(self, state: ReplayState | None = None) -> Replaying:
        """Where it stands."""
        return Replaying(
            replay=self._name,
            org=self._span.view.org,
            panels=list(self._span.view.panels),
            from_=self._span.from_,
            to=self._span.to,
            moment=self._moment,
            speed=self._speed,
            state=state or self._state,
        )

    async def run(self) -> None:
        """Play until cancelled; a warehouse that fails makes it pause, and tell why."""
        try:
            while True:
                self._news.clear()
                try:
                    until_s = await self._go_on()
                except WarehouseFailed:
                    log.exception("a replay has paused, for the views did not answer")
                    self._break_off()
                    until_s = None
                await self._time.wait(self._news, until_s)
        except Exception:
            log.exception("a replay has ended")
            self._state = "stopped"
            self._tell({}, _FAILED)
        finally:
            self._leave()

    def _go_to(self, moment: datetime) -> None:
        self._goal, self._moment = _Goal(moment), moment
        self._news.set()

    def _leave(self) -> None:
        if self._film:
            self._films.leave(self._film)
        self._film = self._seat = None

    async def _go_on(self) -> float | None:
        """Do what is due; when to look again, None for not before a command."""
        if not self._viewer.reads():
            self._shown.forget()
            return self._time.now_s() + PUSH_S
        if self._goal:
            await self._begin(self._goal)
        elif self._seat and self._state == "playing":
            await self._play(self._seat)
        elif self._seat and self._shown.lacks(self._seat.picture):
            self._tell(self._shown.changes(self._seat.picture))
        if self._goal:
            return self._time.now_s()
        if self._state != "playing" or self._seat is None or self._seat.clock is None:
            return None
        return self._seat.clock.due_s(self._seat.step + 1)

    async def _begin(self, goal: _Goal) -> None:
        """Show a moment as the beginning of a film, and begin to play from it."""
        film = self._films.join(self._span.view, grid_from(goal.moment, self._span.to, self._speed))
        self._leave()
        self._film = film
        _, picture = await film.picture(0)
        if self._goal is not goal:
            return
        self._goal, self._moment = None, goal.moment
        if goal.moment >= self._span.to and self._state == "playing":
            self._state = "ended"
        self._seat = _Seat(film, 0, picture, None)
        changes = self._shown.changes(picture)
        if changes or not self._n or goal.moment != self._told_moment:
            self._tell(changes)
        if self._state == "playing":
            self._start(self._seat, goal.due_s)

    def _start(self, seat: _Seat, due_s: float | None = None) -> None:
        """What is shown was due then, or just now."""
        grid = seat.film.grid
        played_s = (grid.moment(seat.step) - grid.anchor).total_seconds() / self._speed
        began_s = (self._time.now_s() if due_s is None else due_s) - played_s
        self._seat = seat._replace(clock=Clock(grid, began_s, self._speed))
        seat.film.read_ahead()

    async def _play(self, seat: _Seat) -> None:
        """Show the newest step that is due; those between are walked over and not shown."""
        film, clock = seat.film, seat.clock
        if clock is None:
            self._start(seat)
            return
        step = clock.reached(self._time.now_s())
        if step <= seat.step:
            return
        self._moment = film.grid.moment(step)
        if not film.reaches(step):
            self._goal = _Goal(self._moment, clock.due_s(step))
            return
        shown, picture = await film.picture(step)
        if self._goal:
            return
        if shown < step and self._state != "playing":
            # A command was answered with the moment that was due: it is what is to be shown.
            self._goal = _Goal(self._moment)
            return
        self._moment = film.grid.moment(shown)
        if self._moment >= self._span.to and self._state == "playing":
            self._state = "ended"
        self._seat = _Seat(film, step, picture, clock if self._state == "playing" else None)
        if shown > seat.step:
            self._tell(self._shown.changes(picture))
            self._metrics.replay_late_s.observe(self._time.now_s() - clock.due_s(step))

    def _tell(self, changes: dict[str, PanelChange], error: Failure | None = None) -> None:
        push = ReplayPush(
            replay=self._name,
            n=self._n,
            moment=self._moment,
            speed=self._speed,
            state=self._state,
            frames=changes,
            error=error,
        )
        self._n += 1
        self._told_moment = self._moment
        self._viewer.tell(_encode(push))

    def _break_off(self) -> None:
        """Pause at what is shown; it is counted anew when the client says so."""
        self._goal = self._goal or _Goal(self._told_moment)
        self._moment = self._told_moment
        self._state = "paused"
        self._leave()
        self._tell({}, _NO_VIEWS)
