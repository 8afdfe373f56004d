"""A replay as it runs: its pace and its commands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.dashboard_api.replay.scene import View
from tests.dashboard_api.histories import START
from tests.dashboard_api.replaying import Looker, Theatre, wish
from tests.dashboard_api.site import until
from tests.dashboard_api.world import PROVINCE, World

FROM = START + timedelta(hours=10)
SOME = ("person", "case", "freshness")
HOUR = timedelta(hours=1)


def an_hour(speed: int = 600, panels: tuple[str, ...] = SOME) -> Any:
    """A wish for an hour of the province: 24 steps at ×600."""
    return wish(PROVINCE, panels, FROM, FROM + HOUR, speed)


async def queried(world: World, panel: str, moment: datetime) -> Any:
    """The frame of the full query."""
    return msgspec.to_builtins(await world.frames.frame(panel, PROVINCE, moment, moment))


async def test_it_begins_whole_and_goes_on_with_patches_to_its_end(history: World) -> None:
    """Four pushes a second, each so much later as the speed says; the last is at the end."""
    theatre, looker = Theatre(history), Looker()
    began_s = theatre.time.s

    told = theatre.begin(looker, an_hour())
    await looker.ended()

    assert told["state"] == "playing"
    assert told["moment"] == told["from"] == msgspec.to_builtins(FROM)
    assert looker.moments == [FROM + step * timedelta(seconds=150) for step in range(25)]
    assert [push["n"] for push in looker.pushes] == list(range(25))
    assert {push["replay"] for push in looker.pushes} == {told["replay"]}
    assert looker.states == ["playing"] * 24 + ["ended"]
    assert theatre.time.s - began_s == pytest.approx(24 * 0.25)
    assert looker.kinds("person")[0] == "snapshot"
    assert "patch" in looker.kinds("person")


async def test_the_last_step_may_be_short(history: World) -> None:
    """The end is shown as it was asked for."""
    theatre, looker = Theatre(history), Looker()
    to = FROM + timedelta(seconds=400)

    theatre.begin(looker, wish(PROVINCE, SOME, FROM, to, 600))
    await looker.ended()

    assert [(m - FROM).total_seconds() for m in looker.moments] == [0, 150, 300, 400]


async def test_a_push_comes_though_nothing_changed(history: World) -> None:
    """The moment moved; panels without a change are left out."""
    theatre, looker = Theatre(history), Looker()
    quiet = START + timedelta(hours=31)  # in the province's outage

    theatre.begin(looker, wish(PROVINCE, ("case",), quiet, quiet + timedelta(seconds=1), 1))
    await looker.ended()

    assert looker.kinds("case") == ["snapshot", None, None, None, None]
    assert looker.moments[-1] == quiet + timedelta(seconds=1)


async def test_moments_that_were_due_long_ago_are_left_out(history: World) -> None:
    """It keeps its pace by the clock: the newest moment that is due is shown, never a queue."""
    theatre = Theatre(history)

    def late(looker: Looker) -> None:
        theatre.time.s += 1.0 if len(looker.pushes) == 3 else 0.0

    looker = Looker(late)
    theatre.begin(looker, an_hour())
    await looker.ended()

    steps = [(moment - FROM) // timedelta(seconds=150) for moment in looker.moments]
    assert steps == [0, 1, 2, *range(6, 25)]
    assert looker.gaps == 0


async def test_one_that_fell_far_behind_counts_anew(history: World, monkeypatch: Any) -> None:
    """After a long standstill the moment that is due comes at once, by the full query."""
    theatre, counted = Theatre(history), list[datetime]()
    to = FROM + 10 * HOUR
    scene = theatre.reads.scene

    async def noted(view: View, moment: datetime) -> Any:
        counted.append(moment)
        return await scene(view, moment)

    monkeypatch.setattr(theatre.reads, "scene", noted)

    def standstill(looker: Looker) -> None:
        theatre.time.s += 40.0 if len(looker.pushes) == 3 else 0.0

    looker = Looker(standstill)
    theatre.begin(looker, wish(PROVINCE, SOME, FROM, to, 600))
    await looker.ended()

    assert (looker.moments[3] - FROM) // timedelta(seconds=150) == 162
    assert counted == [FROM, looker.moments[3]]
    assert looker.kinds("person")[3] == "patch"
    assert looker.moments[4] - looker.moments[3] == timedelta(seconds=150)
    assert looker.frames["person"] == await queried(history, "person", to)


async def test_pause_stays_at_the_moment(history: World) -> None:
    """Nothing comes until it is told to go on, and then from there."""
    theatre = Theatre(history)
    told: list[Any] = []

    def pause(looker: Looker) -> None:
        if len(looker.pushes) == 5:
            told.append(theatre.pause(looker))

    looker = Looker(pause)
    theatre.begin(looker, an_hour())
    await until(lambda: told)
    theatre.time.s += 100.0
    assert told[0]["state"] == "paused"
    assert told[0]["moment"] == msgspec.to_builtins(looker.moments[-1])

    told = [theatre.resume(looker)]
    await looker.ended()

    assert told[0]["state"] == "playing"
    assert looker.moments == [FROM + step * timedelta(seconds=150) for step in range(25)]
    assert "snapshot" not in looker.kinds("person")[1:]


async def test_resume_may_change_the_speed(history: World) -> None:
    """Also while it plays."""
    theatre = Theatre(history)

    def faster(looker: Looker) -> None:
        if len(looker.pushes) == 3:
            assert theatre.resume(looker, 1200)["speed"] == 1200

    looker = Looker(faster)
    theatre.begin(looker, an_hour())
    await looker.ended()

    steps = [(moment - FROM).total_seconds() / 150 for moment in looker.moments]
    assert steps == [0, 1, 2, *range(4, 25, 2)]
    assert looker.pushes[-1]["speed"] == 1200
    for panel in SOME:
        assert looker.frames[panel] == await queried(history, panel, FROM + HOUR)


@pytest.mark.parametrize("minutes", [0, 1, 29, 59])
async def test_seek_while_it_plays_goes_on_from_there(history: World, minutes: int) -> None:
    """Backwards and forwards; the frames come whole."""
    theatre = Theatre(history)
    goal = FROM + timedelta(minutes=minutes)

    def seek(looker: Looker) -> None:
        if len(looker.pushes) == 6:
            assert theatre.seek(looker, goal)["state"] == "playing"

    looker = Looker(seek)
    theatre.begin(looker, an_hour())
    await looker.ended()

    assert looker.moments[6] == goal
    assert looker.kinds("person")[6] == "snapshot"
    assert looker.moments[7] == min(goal + timedelta(seconds=150), FROM + HOUR)
    assert looker.frames["person"] == await queried(history, "person", FROM + HOUR)


async def test_seek_while_paused_sends_one_push(history: World) -> None:
    """And stays there."""
    theatre, looker = Theatre(history), Looker()
    theatre.begin(looker, an_hour())
    theatre.pause(looker)
    await looker.told(1)

    told = theatre.seek(looker, FROM + HOUR / 2)
    await looker.told(2)
    theatre.time.s += 60.0
    theatre.seek(looker, FROM + HOUR)
    await looker.told(3)

    assert told["state"] == "paused"
    assert looker.states == ["paused"] * 3
    assert looker.moments == [FROM, FROM + HOUR / 2, FROM + HOUR]


async def test_of_many_seeks_the_last_one_counts(history: World) -> None:
    """A handle that is dragged asks for moments faster than they can be counted."""
    theatre, looker = Theatre(history), Looker()
    theatre.begin(looker, an_hour())
    theatre.pause(looker)
    await looker.told(1)
    for minute in range(50):
        theatre.seek(looker, FROM + timedelta(minutes=minute))

    await until(lambda: looker.moments[-1] == FROM + timedelta(minutes=49))

    assert len(looker.pushes) <= 3
    assert looker.frames["case"] == await queried(history, "case", looker.moments[-1])


async def test_what_ended_plays_again(history: World) -> None:
    """From where it is sought to, or from the beginning."""
    theatre, looker = Theatre(history), Looker()
    theatre.begin(looker, an_hour())
    await looker.ended()

    told = theatre.seek(looker, FROM + HOUR - timedelta(seconds=150))
    await until(lambda: looker.states[-2:] == ["playing", "ended"] and len(looker.pushes) == 27)
    again = theatre.resume(looker)
    await until(lambda: len(looker.pushes) == 27 + 25)

    assert told["state"] == again["state"] == "playing"
    assert again["moment"] == msgspec.to_builtins(FROM)
    assert looker.moments[27] == FROM
    assert looker.states[-1] == "ended"
