"""Live: the same numbers as the full query, told by patches."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.backbone.errors import WarehouseFailed
from services.backbone.log import LOAD_PREFIX
from services.dashboard_api.errors import Refused
from services.dashboard_api.panels.levels import Cell
from services.dashboard_api.session import PANELS
from tests.dashboard_api.histories import START, in_parts, made_up, record_in
from tests.dashboard_api.site import until
from tests.dashboard_api.wall import InsideWall
from tests.dashboard_api.world import EAGER, PROVINCE, World, total_by_hand

WATCHED = (PROVINCE, "350200000000", "350203000000", "350203500000")


async def queried(world: World, panel: str, org: str) -> Any:
    """The frame of the full query at the moment that live shows."""
    frame = await world.frames.frame(panel, org, world.watermark, world.watermark)
    return msgspec.to_builtins(frame)


async def test_frames_sent_live_are_those_of_the_query_at_the_same_moment(world: World) -> None:
    """Snapshot plus patches equal the frame of the full query, for every panel and level."""
    live = world.live()
    entries = made_up(11, facts=500)
    world.take(entries[:80])
    await live.tick()
    wall = InsideWall(live)
    for panel in PANELS:
        for org in WATCHED:
            wall.watch(panel, org)

    for some in in_parts(entries[80:], 70):
        world.take(some)
        await live.tick()
        for name, frame in wall.frames.items():
            panel, org = name.split("/")
            expected = await queried(world, panel, org)
            assert {**frame, "as_of": expected["as_of"]} == expected, name

    assert wall.gaps == 0
    assert "patch" in wall.kinds


async def test_totals_are_those_counted_by_hand(world: World) -> None:
    """What is on the screen is what a count of the log gives."""
    live = world.live()
    world.take(made_up(3, facts=300))
    await live.tick()
    wall = InsideWall(live)
    wall.watch("case", PROVINCE)

    expected = total_by_hand(world.entries, "case", PROVINCE, world.watermark)
    assert wall.frames[f"case/{PROVINCE}"]["total"] == expected > 0


async def test_an_import_changes_the_past_of_what_is_shown(world: World) -> None:
    """When a load node moves, everything is counted anew."""
    live = world.live()
    entries = made_up(5, facts=200)
    imported = [e for e in entries if e.node.startswith(LOAD_PREFIX)]
    world.take([e for e in entries if not e.node.startswith(LOAD_PREFIX)])
    await live.tick()
    wall = InsideWall(live)
    wall.watch("person", PROVINCE)

    world.take(imported, watermark=world.watermark + timedelta(seconds=1))
    await live.tick()

    expected = await queried(world, "person", PROVINCE)
    assert wall.frames[f"person/{PROVINCE}"] == expected
    assert expected["total"] == total_by_hand(entries, "person", PROVINCE, world.watermark)


async def test_many_new_facts_at_once_are_counted_anew(world: World) -> None:
    """Past a bound the levels are reloaded, with the same result."""
    live = world.live(pace=msgspec.structs.replace(EAGER, reload_positions=10))
    entries = made_up(6, facts=200)
    world.take(entries[:100])
    await live.tick()
    wall = InsideWall(live)
    wall.watch("case", PROVINCE)

    world.take(entries[100:])
    await live.tick()

    assert wall.frames[f"case/{PROVINCE}"] == await queried(world, "case", PROVINCE)


async def test_silence_is_noticed_though_nothing_comes(world: World) -> None:
    """Freshness follows the server's clock, not the last fact."""
    world.take(made_up(2, facts=50))
    later = world.live(now=world.watermark + timedelta(minutes=20))
    await later.tick()
    wall = InsideWall(later)
    wall.watch("freshness", PROVINCE)

    counts = wall.frames[f"freshness/{PROVINCE}"]["counts"]
    assert counts["fresh"] == counts["late"] == 0
    assert counts["silent"] > 0


async def test_a_wall_that_comes_back_gets_what_it_missed(world: World) -> None:
    """After an outage the missed patches join what was held; nothing is lost."""
    live = world.live()
    entries = made_up(8, facts=400)
    world.take(entries[:200])
    await live.tick()
    wall = InsideWall(live)
    wall.watch("case", PROVINCE)
    wall.leave("case", PROVINCE)
    for some in in_parts(entries[200:], 50):
        world.take(some)
        await live.tick()
    held = wall.at[f"case/{PROVINCE}"]

    wall.watch("case", PROVINCE, recover=True)

    assert wall.frames[f"case/{PROVINCE}"] == await queried(world, "case", PROVINCE)
    assert wall.at[f"case/{PROVINCE}"][0] == held[0]
    assert wall.at[f"case/{PROVINCE}"][1] > held[1]


async def test_a_channel_ends_when_nobody_comes_back(world: World) -> None:
    """After the linger time a channel is forgotten and begins a new epoch."""
    live = world.live(pace=msgspec.structs.replace(EAGER, linger_s=-1.0))
    entries = made_up(8, facts=100)
    world.take(entries[:80])
    await live.tick()
    wall = InsideWall(live)
    wall.watch("case", PROVINCE)
    epoch = wall.at[f"case/{PROVINCE}"][0]
    wall.leave("case", PROVINCE)
    world.take(entries[80:])
    await live.tick()

    wall.watch("case", PROVINCE, recover=True)

    assert wall.at[f"case/{PROVINCE}"][0] != epoch
    assert wall.frames[f"case/{PROVINCE}"] == await queried(world, "case", PROVINCE)


async def test_an_outage_leaves_a_gap_in_the_trend(world: World) -> None:
    """Where no source sent anything for two buckets the trend knows nothing: no zero, no line."""
    live = world.live()
    entries = made_up(9, hours=20, facts=600)
    world.take(entries)
    await live.tick()
    wall = InsideWall(live)
    wall.watch("person", PROVINCE)

    trend = wall.frames[f"person/{PROVINCE}"]["trend"]
    middle = (START + timedelta(hours=11, minutes=30)).strftime("%Y-%m-%dT%H:")
    assert [value for end, value in trend.items() if end.startswith(middle)] == [None] * 6
    assert sum(value is not None for value in trend.values()) > 60
    assert next(reversed(trend.values())) == wall.frames[f"person/{PROVINCE}"]["total"]


async def test_levels_that_differ_from_the_query_are_found_and_mended(world: World) -> None:
    """What the full query contradicts twice is counted anew, and told to the operator."""
    live = world.live(pace=msgspec.structs.replace(EAGER, check_s=0, recheck_s=0))
    world.take(made_up(4, facts=100))
    await live.tick()
    held = live._keeper.held
    assert held is not None
    cell = Cell("case", "350203500000", "open")
    right = held.levels.cells.get(cell, 0)
    held.levels.add_level(*cell, 5)
    assert await live._keeper.check(world.reads, world.progress) == [(cell, right + 5, right)]

    for second in range(4):
        world.take([], watermark=world.watermark + timedelta(seconds=second))
        await live.tick()
        assert live._check is not None
        await live._check

    wall = InsideWall(live)
    wall.watch("case", PROVINCE)
    assert wall.frames[f"case/{PROVINCE}"] == await queried(world, "case", PROVINCE)
    assert world.metrics.level_differences._value.get() == 1
    await live.close()


async def test_an_import_under_way_is_no_difference(world: World) -> None:
    """What a load node has inserted and not yet reported does not count against the levels."""
    live = world.live()
    entries = made_up(5, facts=100)
    live_ones = [e for e in entries if not e.node.startswith(LOAD_PREFIX)]
    world.take(live_ones)
    await live.tick()

    imported = [e for e in entries if e.node.startswith(LOAD_PREFIX)]
    world.take(imported[:30])

    assert await live._keeper.check(world.reads, world.progress) == []


async def test_nothing_is_shown_before_anything_was_counted(world: World) -> None:
    """Before the first report a subscription is refused for a time; nothing reads as zero."""
    live = world.live()
    await live.tick()

    with pytest.raises(Refused) as refused:
        live.subscribe(object(), "case", PROVINCE)

    assert refused.value.temporary
    assert live.as_of is None


async def test_facts_past_the_watermark_wait(world: World) -> None:
    """A frame never shows what was received after its moment."""
    live = world.live()
    entries = [e for e in made_up(12, facts=100) if not e.node.startswith(LOAD_PREFIX)]
    world.take(entries[:50])
    await live.tick()

    assert live.as_of == record_in(entries[49]).received_at


async def test_a_warehouse_that_fails_is_asked_again(world: World) -> None:
    """What could not be read is shown with the next tick; nothing is lost, nothing twice."""
    live = world.live()
    entries = made_up(14, facts=120)
    world.take(entries[:100])
    await live.tick()
    wall = InsideWall(live)
    wall.watch("case", PROVINCE)
    world.take(entries[100:])
    world.writing.command("RENAME TABLE events TO gone")
    with pytest.raises(WarehouseFailed):
        await live.tick()
    world.writing.command("RENAME TABLE gone TO events")

    await live.tick()

    assert wall.frames[f"case/{PROVINCE}"] == await queried(world, "case", PROVINCE)


async def test_running_goes_on_when_a_tick_fails(world: World) -> None:
    """The loop logs it and tries again until the warehouse answers."""
    entries = made_up(14, facts=60)
    world.take(entries)
    world.writing.command("RENAME TABLE keyframes TO gone")
    live = world.live(pace=msgspec.structs.replace(EAGER, tick_s=0.01, pulse_s=0.01))
    running = asyncio.create_task(live.run())
    await until(lambda: world.metrics.tick_s._sum.get() > 0)
    assert live.as_of is None
    world.writing.command("RENAME TABLE gone TO keyframes")

    await until(lambda: live.as_of == world.watermark)

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await live.close()


async def test_who_begins_to_watch_is_not_kept_waiting(world: World) -> None:
    """Loops that rest because nobody watches go on with the first who does; and rest again."""
    world.take(made_up(15, facts=20))
    live = world.live()
    await live.tick()
    resting = asyncio.create_task(live.rest(0, 3600))
    await asyncio.sleep(0)
    assert not resting.done()

    watcher = object()
    name, _ = live.subscribe(watcher, "person", PROVINCE)
    await asyncio.wait_for(resting, 30)
    await asyncio.wait_for(live.rest(0, 3600), 30)

    live.unsubscribe(watcher, name)
    assert not live.is_watched
    await live.close()
