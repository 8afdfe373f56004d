"""A replay in trouble: slow readers, views that fail, and a past that changes on the way."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from services.backbone.errors import WarehouseFailed
from services.dashboard_api.replay.scene import Scene
from services.dashboard_api.session import PANELS
from tests.dashboard_api.histories import made_up
from tests.dashboard_api.replay.test_player import FROM, HOUR, SOME, an_hour, queried
from tests.dashboard_api.replaying import Looker, Theatre, wish
from tests.dashboard_api.site import until
from tests.dashboard_api.test_live_and_replay import an_import
from tests.dashboard_api.world import PROVINCE, World


async def test_a_slow_reader_is_spared_and_gets_the_newest_whole(history: World) -> None:
    """While it does not read nothing is sent, nor kept for it; the replay goes on by the clock."""
    theatre = Theatre(history)

    def stops_reading(looker: Looker) -> None:
        looker.reading = len(looker.pushes) != 4

    looker = Looker(stops_reading)
    theatre.begin(looker, an_hour())
    await until(lambda: theatre.time.s >= 102.0)
    assert len(looker.pushes) == 4

    looker.reading = True
    await looker.ended()

    assert looker.moments[4] - looker.moments[3] >= timedelta(seconds=600)
    assert set(looker.pushes[4]["frames"]) == set(SOME)
    assert looker.kinds("person")[4] == "snapshot"
    assert looker.gaps == 0
    assert looker.frames["person"] == await queried(history, "person", FROM + HOUR)


async def test_a_slow_reader_that_paused_gets_the_moment_whole(history: World) -> None:
    """Though nothing moves any more."""
    theatre, looker = Theatre(history), Looker()
    theatre.begin(looker, an_hour())
    theatre.pause(looker)
    await looker.told(1)
    looker.reading = False
    theatre.seek(looker, FROM + HOUR / 2)
    before_s = theatre.time.s
    await until(lambda: theatre.time.s > before_s + 1)
    assert len(looker.pushes) == 1

    looker.reading = True
    await looker.told(2)

    assert looker.moments[-1] == FROM + HOUR / 2
    assert looker.kinds("case") == ["snapshot", "snapshot"]


async def test_a_warehouse_that_fails_pauses_it(history: World, monkeypatch: Any) -> None:
    """The client is told why; when it resumes, it goes on from the moment that was shown."""
    theatre = Theatre(history)
    whole = theatre.reads.stretch

    async def fails(*_: Any) -> Any:
        raise WarehouseFailed(0, "it is away")

    looker = Looker()
    theatre.begin(looker, wish(PROVINCE, SOME, FROM, FROM + 3 * HOUR, 600))
    await looker.told(3)
    monkeypatch.setattr(theatre.reads, "stretch", fails)
    await until(lambda: looker.states[-1] == "paused")

    last = looker.pushes[-1]
    assert last["frames"] == {}
    assert last["error"]["code"] == "views_unavailable"
    assert last["error"]["temporary"] is True
    assert "away" not in last["error"]["message"]
    assert looker.moments[-1] == looker.moments[-2]

    monkeypatch.setattr(theatre.reads, "stretch", whole)
    told = theatre.resume(looker)
    await looker.ended()

    assert told["moment"] == last["moment"]
    assert "error" not in looker.pushes[-1]
    assert looker.frames["case"] == await queried(history, "case", FROM + 3 * HOUR)


async def test_a_warehouse_that_fails_at_the_start(history: World, monkeypatch: Any) -> None:
    """The first push says so; nothing is shown that was not counted."""
    theatre, looker = Theatre(history), Looker()
    whole = theatre.reads.scene

    async def fails(*_: Any) -> Any:
        raise WarehouseFailed(0, "it is away")

    monkeypatch.setattr(theatre.reads, "scene", fails)
    theatre.begin(looker, an_hour())
    await looker.told(1)
    assert looker.states == ["paused"]
    assert looker.frames == {}

    theatre.seek(looker, FROM + HOUR / 2)
    await looker.told(2)
    assert looker.states == ["paused", "paused"]

    monkeypatch.setattr(theatre.reads, "scene", whole)
    theatre.resume(looker)
    await looker.told(3)

    assert looker.moments[2] == FROM + HOUR / 2
    assert set(looker.frames) == set(SOME)
    await theatre.replays.close()


async def test_a_fault_of_ours_is_told_too(history: World, monkeypatch: Any) -> None:
    """No client waits for ever for a replay that is gone."""
    theatre, looker = Theatre(history), Looker()

    def fails(*_: Any) -> Any:
        raise ValueError("a fault")

    monkeypatch.setattr(Scene, "frame", fails)
    theatre.begin(looker, an_hour())
    await looker.told(1)

    assert looker.states == ["stopped"]
    assert looker.pushes[0]["error"]["code"] == "replay_failed"
    assert "fault" not in looker.pushes[0]["error"]["message"]


async def test_an_import_on_the_way_changes_what_was(world: World) -> None:
    """Within a stretch the panels are those of the full query again."""
    world.take(made_up(7, facts=300))
    theatre = Theatre(world)
    imported = an_import(40, random.Random(1), FROM - 5 * HOUR, FROM - HOUR)
    shown: list[tuple[Any, Any]] = []

    def imports(looker: Looker) -> None:
        shown.append((looker.moments[-1], looker.frames["person"]))
        if len(looker.pushes) == 4:
            world.take(imported)

    looker = Looker(imports)
    to = FROM + 4 * HOUR
    theatre.begin(looker, wish(PROVINCE, PANELS, FROM, to, 600))
    await looker.ended()

    for panel in PANELS:
        assert looker.frames[panel] == await queried(world, panel, to)
    right = [frame == await queried(world, "person", moment) for moment, frame in shown]
    assert not right[0]
    assert all(right[26:])
