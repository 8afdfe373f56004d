"""Films: what many play is read, walked and rendered once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.backbone.errors import WarehouseFailed
from services.dashboard_api.replay.clock import Grid
from services.dashboard_api.replay.film import KEPT, Film, Films
from services.dashboard_api.replay.scene import Scene, View
from services.dashboard_api.replay.turns import Turns
from services.dashboard_api.session import PANELS
from tests.dashboard_api.replay.test_player import FROM, HOUR, an_hour, queried
from tests.dashboard_api.replaying import Looker, Theatre
from tests.dashboard_api.site import until
from tests.dashboard_api.world import PROVINCE, World

VIEW = View(PROVINCE, PANELS)
GRID = Grid(FROM, timedelta(seconds=150), FROM + HOUR)


@pytest.fixture
def done(monkeypatch: Any) -> Counter[str]:
    """How often anything was rendered, by panel."""
    done, frame = Counter[str](), Scene.frame

    def noted(scene: Scene, panel: str) -> dict[str, Any]:
        done[panel] += 1
        return frame(scene, panel)

    monkeypatch.setattr(Scene, "frame", noted)
    return done


def film_of(world: World, grid: Grid = GRID) -> Film:
    """A film that nobody else plays."""
    return Film(VIEW, grid, Theatre(world).reads, Turns())


async def as_built(film: Film, step: int) -> dict[str, Any]:
    """The frames of a step, each with the step's own moment."""
    _, picture = await film.picture(step)
    moment = film.grid.moment(step).isoformat().replace("+00:00", "Z")
    return {panel: {**frame.built, "as_of": moment} for panel, frame in picture.items()}


async def test_many_who_play_the_same_cost_as_one(history: World, done: Counter[str]) -> None:
    """Each sees all of it; no picture is made twice."""
    theatre = Theatre(history)
    lookers = [Looker() for _ in range(20)]
    for n, looker in enumerate(lookers):
        theatre.begin(looker, an_hour(), user=f"user {n // 4}")
    await asyncio.gather(*(looker.ended() for looker in lookers))

    for looker in lookers:
        assert looker.moments == [FROM + step * timedelta(seconds=150) for step in range(25)]
        assert looker.gaps == 0
        assert looker.frames["person"] == await queried(history, "person", FROM + HOUR)
    assert max(done.values()) <= 25
    await theatre.replays.close()
    assert not theatre.films._newest
    assert not theatre.films._players


async def test_one_who_stays_does_not_hold_up_others(history: World) -> None:
    """He pauses, they go on; then he plays on from where he was, as far behind as he likes."""
    theatre = Theatre(history)

    def stays(looker: Looker) -> None:
        if len(looker.pushes) == 4:
            theatre.pause(looker)

    one, other = Looker(stays), Looker()
    theatre.begin(one, an_hour())
    theatre.begin(other, an_hour())
    await other.ended()
    assert one.moments[-1] == FROM + 3 * timedelta(seconds=150)

    theatre.resume(one)
    await one.ended()

    assert one.moments[4:] == [FROM + step * timedelta(seconds=150) for step in range(4, 25)]
    assert one.frames == other.frames


@pytest.mark.parametrize("steps", [(0, 1, 2, 3), (0, 7, 24), (5, 24), (24,)])
async def test_a_picture_is_that_of_the_full_query(history: World, steps: tuple[int, ...]) -> None:
    """Whichever steps were asked for before it."""
    film = film_of(history)

    for step in steps:
        built = await as_built(film, step)
        for panel in PANELS:
            assert built[panel] == await queried(history, panel, GRID.moment(step))
    film.close()


async def test_a_few_pictures_are_kept_for_those_who_come_later(
    history: World, done: Counter[str]
) -> None:
    """Older ones are not reached any more: whoever wants them begins a film of his own."""
    film = film_of(history)
    for step in range(KEPT + 2):
        await film.picture(step)
    rendered = done.total()

    assert [(await film.picture(step))[0] for step in range(2, KEPT + 2)] == list(
        range(2, KEPT + 2)
    )
    assert done.total() == rendered
    assert film.reaches(2)
    assert not film.reaches(1)
    film.close()


async def test_who_asks_for_a_step_that_was_left_out_gets_the_one_before(history: World) -> None:
    """Never a later one than is due."""
    film = film_of(history)
    for step in (0, 3, 6):
        await film.picture(step)

    assert [(await film.picture(step))[0] for step in (1, 2, 3, 4, 5, 6)] == [0, 0, 3, 3, 3, 6]
    film.close()


async def test_one_who_goes_away_leaves_the_picture_to_the_others(
    history: World, monkeypatch: Any
) -> None:
    """Though it was he who asked first."""
    theatre, gate = Theatre(history), asyncio.Event()
    monkeypatch.setattr(theatre.reads, "scene", _after(gate, theatre.reads.scene))
    film = Film(VIEW, GRID, theatre.reads, Turns())
    first, second = (asyncio.create_task(film.picture(0)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await until(first.done)
    gate.set()

    step, picture = await second

    assert first.cancelled()
    assert (step, set(picture)) == (0, set(PANELS))
    film.close()


def _after(gate: asyncio.Event, read: Callable[..., Any]) -> Callable[..., Any]:
    async def waits(*asked: Any) -> Any:
        await gate.wait()
        return await read(*asked)

    return waits


async def test_what_failed_on_the_way_is_counted_anew(history: World, monkeypatch: Any) -> None:
    """All who wait are told; the next who asks gets the right picture."""
    theatre = Theatre(history)
    film = Film(VIEW, GRID, theatre.reads, Turns())
    await film.picture(0)
    whole = theatre.reads.stretch

    async def fails(*_: Any) -> Any:
        raise WarehouseFailed(0, "away")

    monkeypatch.setattr(theatre.reads, "stretch", fails)
    told = await asyncio.gather(film.picture(3), film.picture(3), return_exceptions=True)
    assert [type(error) for error in told] == [WarehouseFailed, WarehouseFailed]

    monkeypatch.setattr(theatre.reads, "stretch", whole)
    built = await as_built(film, 3)

    assert built["case"] == await queried(history, "case", GRID.moment(3))
    film.close()


async def test_a_film_is_there_as_long_as_somebody_plays_it(history: World) -> None:
    """The same for who comes in time, another for who comes late or for an end of his own."""
    films = Films(Theatre(history).reads, Turns())
    film = films.join(VIEW, GRID)
    assert films.join(VIEW, GRID) is film
    assert films.join(VIEW, GRID._replace(to=FROM + 2 * HOUR)) is not film
    for step in range(KEPT + 1):
        await film.picture(step)

    late = films.join(VIEW, GRID)
    assert late is not film
    films.leave(film)
    films.leave(film)
    assert films.join(VIEW, GRID) is late
    films.leave(late)
    films.leave(late)

    assert films.join(VIEW, GRID) is not late


async def test_a_past_that_changed_is_not_shown_to_who_comes_later(
    history: World, monkeypatch: Any
) -> None:
    """An import went on since the film began."""
    theatre = Theatre(history)
    films = Films(theatre.reads, Turns())
    film = films.join(VIEW, GRID)
    await film.picture(0)

    monkeypatch.setattr(theatre.reads, "stands", lambda _ground: False)

    assert films.join(VIEW, GRID) is not film
