"""What replays read of the views: a moment whole, and the steps after it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.backbone.log import LOAD_PREFIX
from services.dashboard_api.replay.clock import Grid
from services.dashboard_api.replay.scene import View
from services.dashboard_api.session import PANELS
from tests.dashboard_api.histories import START, made_up, record_in
from tests.dashboard_api.replay.test_scene import walk
from tests.dashboard_api.replaying import Theatre
from tests.dashboard_api.test_live_and_replay import counted
from tests.dashboard_api.world import PROVINCE, World

VIEW = View(PROVINCE, PANELS)
LIVE = [entry for entry in made_up(13, facts=200) if not entry.node.startswith(LOAD_PREFIX)]
RECEIVED = [record_in(entry).received_at for entry in LIVE]
TICK = timedelta(microseconds=1)


async def frames_after(world: World, grid: Grid, step: int) -> dict[str, Any]:
    """What is shown at a step of a grid, on the way from its anchor."""
    reads = Theatre(world).reads
    scene, ground = await reads.scene(VIEW, grid.anchor)
    after = 0
    while after < step:
        stretch = await reads.stretch(VIEW, ground, grid, after)
        walk(stretch, scene, step)
        after = stretch.last
    scene.at(grid.moment(step))
    return {panel: scene.frame(panel) for panel in PANELS}


@pytest.mark.parametrize("off", [-TICK, timedelta(0), TICK])
async def test_a_step_holds_what_was_received_up_to_its_moment(
    world: World, off: timedelta
) -> None:
    """To the microsecond, at its beginning and at its end."""
    world.take(LIVE)
    anchor, end = RECEIVED[100] + off, RECEIVED[101]
    grid = Grid(anchor, end - anchor + off, RECEIVED[150])

    for step in (1, 2):
        expected = await counted(world, PROVINCE, grid.moment(step))
        assert await frames_after(world, grid, step) == expected


async def test_rows_that_stand_twice_count_once(world: World) -> None:
    """After a crash a block is inserted again; the tables merge it some time later."""
    world.take(LIVE)
    block = b"\n".join(entry.body for entry in LIVE[80:140])
    world.writing.insert_json("events", block)
    grid = Grid(RECEIVED[90], timedelta(minutes=15), RECEIVED[-1])

    shown = await frames_after(world, grid, 30)

    assert shown == await counted(world, PROVINCE, grid.moment(30))


async def test_a_stretch_is_two_questions_however_long_history_is(
    history: World, monkeypatch: Any
) -> None:
    """One of what moved, one of the sources; none where there is nothing to ask."""
    reads = Theatre(history).reads
    grid = Grid(START + timedelta(hours=20), timedelta(seconds=150), history.watermark)
    asked = Counter[str]()
    rows = history.readers.rows

    async def noted(query: str, parameters: Any) -> Any:
        asked["moves" if "FROM flows" in query else "arrivals"] += 1
        return await rows(query, parameters)

    for panels, expected in (
        (PANELS, {"moves": 1, "arrivals": 1}),
        (("case",), {"moves": 1}),
        (("freshness",), {"arrivals": 1}),
    ):
        view = View(PROVINCE, panels)
        _, ground = await reads.scene(view, grid.anchor)
        monkeypatch.setattr(history.readers, "rows", noted)
        await reads.stretch(view, ground, grid, 0)
        monkeypatch.setattr(history.readers, "rows", rows)
        assert asked == expected
        asked.clear()


async def test_an_import_makes_another_past(world: World) -> None:
    """What was counted before it went on does not stand any more; live facts change nothing."""
    world.take(LIVE[:100])
    reads = Theatre(world).reads
    _, ground = await reads.scene(VIEW, RECEIVED[50])
    world.take(LIVE[100:])
    assert reads.stands(ground)

    world.take([e for e in made_up(13, facts=1) if e.node.startswith(LOAD_PREFIX)])

    assert not reads.stands(ground)


async def test_a_moment_before_everything_is_empty(history: World) -> None:
    """And what comes after is read on from there."""
    long_ago = datetime(1999, 1, 1, tzinfo=START.tzinfo)
    scene, _ = await Theatre(history).reads.scene(VIEW, long_ago)

    assert scene.frame("person")["total"] == 0
    assert scene.frame("freshness")["counts"]["fresh"] == 0
