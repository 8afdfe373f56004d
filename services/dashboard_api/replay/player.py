"""One replay as it runs: counts a moment, plays on from it, and does what its client says."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from schemas.frames import Failure, PanelChange, Replaying, ReplayPush, ReplayState
from services.backbone.errors import WarehouseFailed
from services.backbone.telemetry import Metrics
from services.dashboard_api.replay.clock import PUSH_S, Grid, grid_from
from services.dashboard_api.replay.course import Course
from services.dashboard_api.replay.pushes import Shown
from services.dashboard_api.replay.reads import Ground, ReplayReads
from services.dashboard_api.replay.scene import Scene, Stretch, View
from services.dashboard_api.replay.turns import Turns
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

    reads: ReplayReads
    turns: Turns
    time: Time
    metrics: Metrics


class _Goal(NamedTuple):
    """A moment to be counted anew."""

    moment: datetime
    due_s: float | None = None
    """When it was to be shown, for one that fell behind; else the clock begins when it is."""


class Player:
    """Plays; ``run`` does so until it is cancelled, the other methods take commands."""

    def __init__(self, name: str, span: Span, speed: int, viewer: Viewer, shared: Shared) -> None:
        self._name = name
        self._span = span
        self._speed = speed
        self._viewer = viewer
        self._reads, self._turns, self._time, self._metrics = shared
        self._state: ReplayState = "playing"
        self._moment = self._told_moment = span.from_
        self._goal: _Goal | None = _Goal(span.from_)
        self._scene: Scene | None = None
        self._ground: Ground | None = None
        self._course: Course | None = None
        self._shown = Shown()
        self._n = 0
        self._news = asyncio.Event()

    def seek(self, moment: datetime) -> None:
        """Show another moment; what had ended plays on from there."""
        self._goal, self._moment = _Goal(moment), moment
        if self._state == "ended":
            self._state = "playing"
        self._interrupt()

    def pause(self) -> None:
        """Stay at the moment that is shown, or just about to be."""
        self._state = "paused"
        self._interrupt()

    def resume(self, speed: int | None = None) -> None:
        """Play on, faster or slower if so; from the beginning where the end is shown."""
        changed = self._state != "playing" or speed not in (None, self._speed)
        self._speed = self._speed if speed is None else speed
        self._state = "playing"
        if changed and self._goal is None and self._moment >= self._span.to:
            self.seek(self._span.from_)
        elif changed:
            self._interrupt()

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
            self._leave_course()

    def _interrupt(self) -> None:
        self._leave_course()
        self._news.set()

    def _leave_course(self) -> None:
        """What was read ahead is of no use: the next step is another one."""
        if self._course:
            self._course.close()
        self._course = None

    async def _go_on(self) -> float | None:
        """Do what is due; when to look again, None for not before a command."""
        if not self._viewer.reads():
            self._shown.forget()
            return self._time.now_s() + PUSH_S
        if self._goal:
            await self._count(self._goal)
        elif self._scene and self._state == "playing":
            await self._play(self._scene)
        elif self._scene and self._shown.lacks(self._span.view.panels):
            await self._show(self._scene)
        if self._goal:
            return self._time.now_s()
        if self._state != "playing" or self._course is None or self._course.clock is None:
            return None
        return self._course.clock.due_s(self._course.step + 1)

    async def _count(self, goal: _Goal) -> None:
        """Show a moment by the full query, and begin to play from it."""
        scene, ground = await self._reads.scene(self._span.view, goal.moment)
        if self._goal is not goal:
            return
        self._scene, self._ground, self._goal = scene, ground, None
        self._moment = goal.moment
        self._shown.forget()
        if goal.moment >= self._span.to and self._state == "playing":
            self._state = "ended"
        course = self._set_out(scene)
        await self._show(scene)
        now_s = self._time.now_s()
        if course:
            course.start(self._speed, now_s if goal.due_s is None else goal.due_s)
        if goal.due_s is not None:
            self._metrics.replay_late_s.observe(now_s - goal.due_s)

    async def _play(self, scene: Scene) -> None:
        """Show the newest step that is due; those between are walked over and not shown."""
        course = self._course
        if course is None or course.clock is None:
            course = self._set_out(scene)
            if course:
                course.start(self._speed, self._time.now_s())
            return
        clock = course.clock
        step = clock.reached(self._time.now_s())
        if step <= course.step:
            return
        self._moment = course.grid.moment(step)
        if course.lags(step) or self._is_another_past(course, step):
            self._goal = _Goal(self._moment, clock.due_s(step))
            return
        if not await course.walk(scene, step, self._turns):
            # A command came: the scene stands somewhere between.
            self._goal = self._goal or _Goal(self._moment)
        if self._goal:
            return
        scene.at(self._moment)
        if self._moment >= self._span.to and self._state == "playing":
            self._state = "ended"
        if await self._show(scene):
            self._metrics.replay_late_s.observe(self._time.now_s() - clock.due_s(step))

    def _is_another_past(self, course: Course, step: int) -> bool:
        """Whether an import has changed what came before; looked at once in a stretch."""
        ground = self._ground
        return ground is not None and course.leaves_stretch(step) and not self._reads.stands(ground)

    def _set_out(self, scene: Scene) -> Course | None:
        """Begin to read ahead of a scene, where it is to play."""
        self._leave_course()
        ground = self._ground
        if self._state != "playing" or ground is None:
            return None

        async def read(grid: Grid, after: int) -> Stretch:
            return await self._reads.stretch(self._span.view, ground, grid, after)

        self._course = Course(grid_from(scene.moment, self._span.to, self._speed), read)
        return self._course

    async def _show(self, scene: Scene) -> bool:
        """Render what may have changed, and tell it; False where a command made it void."""
        changes: dict[str, PanelChange] = {}
        wanted = {*scene.due(), *self._shown.lacks(self._span.view.panels)}
        for panel in (panel for panel in self._span.view.panels if panel in wanted):
            change = await self._turns.take(partial(self._change, scene, panel))
            if self._goal:
                return False
            if change:
                changes[panel] = change
        self._tell(changes)
        return True

    def _change(self, scene: Scene, panel: str) -> PanelChange | None:
        return self._shown.change(panel, scene.frame(panel))

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
        self._leave_course()
        self._tell({}, _NO_VIEWS)
