"""Films: one view along one grid, read, walked and rendered once for all who play it.

Walls of one room, and all who open the same moment at once, see the same pictures: what a
picture costs does not grow with those who look at it.
"""

from __future__ import annotations

import asyncio
from functools import partial

from services.dashboard_api.replay.clock import Grid
from services.dashboard_api.replay.course import Course, looked_at
from services.dashboard_api.replay.pushes import Frame, Picture
from services.dashboard_api.replay.reads import Ground, ReplayReads
from services.dashboard_api.replay.scene import Scene, Stretch, View
from services.dashboard_api.replay.turns import Turns

KEPT = 8
"""So many pictures are kept for those who come a little later: two seconds of playing."""


class Film:
    """The pictures of a view along a grid, made as they are asked for, each once."""

    def __init__(self, view: View, grid: Grid, reads: ReplayReads, turns: Turns) -> None:
        self.view = view
        self.grid = grid
        self._reads = reads
        self._turns = turns
        self._scene: Scene | None = None
        self._ground: Ground | None = None
        self._course: Course | None = None
        self._kept: dict[int, Picture] = {}
        self._newest = -1
        self._making: asyncio.Task[None] | None = None

    def reaches(self, step: int) -> bool:
        """Whether a step, or one not long before it, can be shown."""
        return not self._kept or step >= min(self._kept)

    def stands(self) -> bool:
        """Whether the past that was shown is still what it was."""
        return self._ground is None or self._reads.stands(self._ground)

    async def picture(self, step: int) -> tuple[int, Picture]:
        """What is shown at a step that it ``reaches``, and which step that is: where others went
        on to a later one already, it may be one before.

        Whoever goes away while it is made leaves it to the others.  Raises WarehouseFailed.
        """
        while step > self._newest:
            if self._making is None:
                self._making = asyncio.ensure_future(self._make(step))
                self._making.add_done_callback(self._made)
            await asyncio.shield(self._making)
        shown = max(kept for kept in self._kept if kept <= step)
        return shown, self._kept[shown]

    def read_ahead(self) -> None:
        """Read what comes next, for somebody plays on."""
        if self._scene and self._course is None and self._newest < self.grid.last:
            self._set_out()

    def close(self) -> None:
        """Nobody looks any more."""
        if self._making:
            self._making.cancel()
        self._leave_course()

    async def _make(self, step: int) -> None:
        # Put back at the end: a scene on which anything failed stands anywhere.
        scene, self._scene = self._scene, None
        if scene is None or not await self._walked(scene, step):
            moment = self.grid.moment(step)
            scene, self._ground = await self._reads.scene(self.view, moment)
            self._leave_course()
        picture = dict(self._kept.get(self._newest, {}))
        for panel in scene.due():
            picture[panel] = await self._turns.take(partial(_frame, scene, panel))
        self._scene, self._newest = scene, step
        self._kept[step] = {panel: picture[panel] for panel in self.view.panels}
        while len(self._kept) > KEPT:
            del self._kept[min(self._kept)]
        if step:  # Beyond its beginning somebody plays.
            self.read_ahead()

    async def _walked(self, scene: Scene, step: int) -> bool:
        """Whether a scene could be moved on to a step, instead of being counted anew."""
        course = self._course or self._set_out()
        if course.lags(step) or (course.leaves_stretch(step) and not self.stands()):
            return False
        await course.walk(scene, step, self._turns)
        scene.at(self.grid.moment(step))
        return True

    def _set_out(self) -> Course:
        ground = self._ground
        assert ground is not None  # noqa: S101 - it was counted together with the scene

        async def read(grid: Grid, after: int) -> Stretch:
            return await self._reads.stretch(self.view, ground, grid, after)

        self._course = Course(self.grid, self._newest, read)
        return self._course

    def _leave_course(self) -> None:
        if self._course:
            self._course.close()
        self._course = None

    def _made(self, making: asyncio.Task[None]) -> None:
        self._making = None
        looked_at(making)


def _frame(scene: Scene, panel: str) -> Frame:
    return Frame(scene.frame(panel))


class Films:
    """The films of a process: each is there as long as somebody plays it."""

    def __init__(self, reads: ReplayReads, turns: Turns) -> None:
        self._reads = reads
        self._turns = turns
        self._newest: dict[tuple[View, Grid], Film] = {}
        self._players: dict[Film, int] = {}

    def join(self, view: View, grid: Grid) -> Film:
        """The film of a view along a grid, from its beginning; ``leave`` it at the end."""
        film = self._newest.get((view, grid))
        if film is None or not film.reaches(0) or not film.stands():
            film = self._newest[view, grid] = Film(view, grid, self._reads, self._turns)
        self._players[film] = self._players.get(film, 0) + 1
        return film

    def leave(self, film: Film) -> None:
        """One who joined goes; the last one ends it."""
        self._players[film] -= 1
        if self._players[film]:
            return
        del self._players[film]
        if self._newest.get((film.view, film.grid)) is film:
            del self._newest[film.view, film.grid]
        film.close()
