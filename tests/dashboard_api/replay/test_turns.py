"""All replays together take a share of the process, and no more."""

from __future__ import annotations

import asyncio

from services.dashboard_api.replay.turns import REST_AFTER_S, Turns
from tests.dashboard_api.site import until


class Clock:
    """Seconds that work takes."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.s


async def test_each_works_in_its_turn() -> None:
    """In the order of asking, one at a time, whatever it takes."""
    turns, done = Turns(), list[int]()

    await asyncio.gather(*(turns.take(lambda n=n: done.append(n)) for n in range(20)))  # type: ignore[misc]  # a lambda per number

    assert done == list(range(20))


async def test_they_rest_as_long_as_they_worked() -> None:
    """So that others have half of the time."""
    clock, loop = Clock(), asyncio.get_running_loop()
    turns = Turns(clock_s=clock)

    def work() -> None:
        clock.s += 4 * REST_AFTER_S

    began_s = loop.time()
    for _ in range(5):
        await turns.take(work)

    assert loop.time() - began_s >= 0.9 * 5 * 4 * REST_AFTER_S


async def test_others_get_a_turn_between_any_two() -> None:
    """However much is asked for at once."""
    turns, done, seen = Turns(), list[int](), set[int]()

    async def beside() -> None:
        while len(done) < 50:
            seen.add(len(done))
            await asyncio.sleep(0)

    asking = asyncio.gather(*(turns.take(lambda: done.append(1)) for _ in range(50)))
    await asyncio.gather(beside(), asking)

    assert len(seen) > 40


async def test_one_that_goes_away_holds_nobody_up() -> None:
    """A replay that is stopped while it waits for its turn, or rests."""
    turns, done = Turns(), list[int]()
    tasks = [asyncio.create_task(turns.take(lambda: done.append(1))) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[1].cancel()

    await until(lambda: tasks[2].done())

    assert not tasks[2].cancelled()
    assert done
