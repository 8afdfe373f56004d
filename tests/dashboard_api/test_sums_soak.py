"""The long loop of the sums: many provinces, many moments (make soak)."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest

from schemas.elements import ELEMENTS
from services.dashboard_api.live import Live
from services.dashboard_api.panels.levels import standing
from services.dashboard_api.session import PANELS
from tests.dashboard_api.histories import ORGS, START, in_parts, made_up
from tests.dashboard_api.wall import InsideWall
from tests.dashboard_api.world import PROVINCE, World, levels_by_hand

HOURS = 100


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 112))
async def test_numbers_of_many_provinces_at_many_moments(world: World, seed: int) -> None:
    """Live on the way, and afterwards any moment: equal to a count of the log by hand."""
    made = random.Random(seed)
    entries = made_up(seed, hours=HOURS, facts=1500)
    live = world.live()
    wall: InsideWall | None = None
    for some in in_parts(entries, made.randrange(40, 400)):
        world.take(some)
        await live.tick()
        wall = wall or _watching(live)
        for name, frame in wall.frames.items():
            panel, org = name.split("/")
            queried = await world.frames.frame(panel, org, world.watermark, world.watermark)
            expected = msgspec.to_builtins(queried)
            assert frame | {"as_of": ""} == expected | {"as_of": ""}, (seed, name)

    for _ in range(60):
        as_of = START + timedelta(seconds=made.uniform(-5 * 86_400, HOURS * 3600))
        levels = await world.reads.levels(as_of)
        counted = {tuple(cell): n for cell, n in levels.cells.items() if n}
        assert counted == levels_by_hand(entries, as_of), (seed, as_of)
        for element in ELEMENTS:
            children = levels.children(element, PROVINCE).values()
            for status, n in standing(levels.statuses(element, PROVINCE)).items():
                assert sum(child.get(status, 0) for child in children) == n


def _watching(live: Live) -> InsideWall:
    wall = InsideWall(live)
    for panel in PANELS:
        for org in (PROVINCE, ORGS[2], ORGS[4], ORGS[6]):
            wall.watch(panel, org)
    return wall
