"""The way of a replay: one stretch is walked while the next one is read."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.backbone.errors import WarehouseFailed
from services.dashboard_api.replay.clock import STRETCH_STEPS, Grid
from services.dashboard_api.replay.course import Course
from services.dashboard_api.replay.scene import Stretch
from services.dashboard_api.replay.turns import Turns
from tests.dashboard_api.histories import START
from tests.dashboard_api.replay.test_scene import BUCKET, STATION, scene

GRID = Grid(START, timedelta(seconds=1), START + timedelta(seconds=3 * STRETCH_STEPS))


class Reading:
    """Answers with one case more in each step; notes what was asked."""

    def __init__(self) -> None:
        self.after: list[int] = []
        self.fails_after: int | None = None
        self.waits = asyncio.Event()
        self.waits.set()

    async def __call__(self, grid: Grid, after: int) -> Stretch:
        """A stretch."""
        self.after.append(after)
        await self.waits.wait()
        if after == self.fails_after:
            raise WarehouseFailed(0, "away")
        last = grid.stretch_end(after)
        flows = [
            (n, "flow", "case", STATION, "open", BUCKET, 1) for n in range(after + 1, last + 1)
        ]
        return Stretch(last, flows, [])


async def test_one_stretch_is_read_ahead_and_no_more() -> None:
    """While the first is walked the second is read; the third only when the second is walked."""
    reading, one = Reading(), scene()
    course = Course(GRID, 0, reading)

    await course.walk(one, 1, Turns())
    await asyncio.sleep(0)
    assert reading.after == [0, STRETCH_STEPS]
    await course.walk(one, STRETCH_STEPS, Turns())
    assert not course.leaves_stretch(STRETCH_STEPS)
    assert course.leaves_stretch(STRETCH_STEPS + 1)
    assert reading.after == [0, STRETCH_STEPS]
    await course.walk(one, GRID.last, Turns())

    assert reading.after == [0, STRETCH_STEPS, 2 * STRETCH_STEPS]
    assert one.levels.statuses("case", STATION) == {"open": GRID.last}
    assert course.step == GRID.last


async def test_what_lies_two_stretches_ahead_is_too_far() -> None:
    """Counting anew is quicker."""
    course = Course(GRID, 0, Reading())

    assert not course.lags(2 * STRETCH_STEPS)
    assert course.lags(2 * STRETCH_STEPS + 1)
    course.close()


async def test_it_begins_where_the_scene_stands() -> None:
    """What came before is in the scene already."""
    reading, one = Reading(), scene()
    course = Course(GRID, 7, reading)

    await course.walk(one, 10, Turns())

    assert reading.after == [7, 7 + STRETCH_STEPS]
    assert one.levels.statuses("case", STATION) == {"open": 3}
    course.close()


async def test_a_stretch_that_cannot_be_read_is_told_when_it_is_needed() -> None:
    """Not before, and not at all where nobody goes there."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    reading, one = Reading(), scene()
    reading.fails_after = STRETCH_STEPS
    course = Course(GRID, 0, reading)
    await course.walk(one, STRETCH_STEPS, Turns())
    with pytest.raises(WarehouseFailed):
        await course.walk(one, STRETCH_STEPS + 1, Turns())

    other = Course(GRID, 0, reading)
    await other.walk(scene(), 1, Turns())
    await asyncio.sleep(0)
    other.close()
    del other, course
    await asyncio.sleep(0)
    assert told == []
