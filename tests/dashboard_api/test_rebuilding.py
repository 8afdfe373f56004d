"""Views are rebuilt beside themselves and switched while walls look at them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from services.projector import rebuild as rebuilding
from services.projector.rebuild import rebuild
from services.projector.view_files import load
from tests.dashboard_api.histories import in_parts, made_up, record_in
from tests.dashboard_api.wall import InsideWall
from tests.dashboard_api.world import PROVINCE, World, total_by_hand

WATCHED = (PROVINCE, "350200000000", "350203000000")
ELEMENTS = ("person", "case", "place")


async def frame_at(world: World, panel: str, org: str, moment: datetime) -> Any:
    """The frame of the full query."""
    return msgspec.to_builtins(await world.frames.frame(panel, org, moment, moment))


async def test_walls_stay_right_while_every_view_is_rebuilt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each stretch of each rebuild facts come in, and live, past and lists are right."""
    monkeypatch.setattr(rebuilding, "CHUNK_POSITIONS", 60)
    entries = made_up(17, facts=500)
    begun, coming = entries[:250], iter(in_parts(entries[250:], 10))
    world.take(begun)
    live = world.live()
    await live.tick()
    wall = InsideWall(live)
    for panel in ELEMENTS:
        for org in WATCHED:
            wall.watch(panel, org)
    past = record_in(begun[120]).received_at
    before = [await frame_at(world, panel, PROVINCE, past) for panel in ELEMENTS]
    heard: list[str] = []

    def meanwhile(name: str, _done: int, _total: int) -> None:
        """What the projector does while the job fills."""
        heard.append(name)
        world.take(next(coming, ()))

    for view in load():
        if view.select is None:
            continue
        rebuild(world.writing, view, meanwhile)
        await live.tick()
        for name, frame in wall.frames.items():
            panel, org = name.split("/")
            expected = total_by_hand(world.entries, panel, org, world.watermark)
            assert frame["total"] == expected, (view.name, name)
        after = [await frame_at(world, panel, PROVINCE, past) for panel in ELEMENTS]
        assert after == before, view.name

    assert {"flows", "states", "things"} <= set(heard)
    assert len(world.entries) > 300
    assert wall.gaps == 0
