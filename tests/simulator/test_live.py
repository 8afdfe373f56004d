"""Live: each centre posts what is due, at its own pace."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import aiohttp
import pytest
from aiohttp import web

from services.simulator.doors import Door
from services.simulator.engine import OPENING, Engine
from services.simulator.faults import Disturbance
from services.simulator.feed import Feed
from services.simulator.live import POST_EVENTS, Live, Outbox
from services.simulator.message import Message
from services.simulator.pace import Pace, Stretch
from services.simulator.post_office import PostOffice
from services.simulator.times import HOUR, MINUTE, SECOND
from tests.simulator.conftest import START, small_world
from tests.simulator.doors import HandClock, accepted, scripted

CALM = Disturbance((), importing=False, scoped=True, stranger="350000000000")
WORLD = small_world(history=False, centres=3)


class Noted(PostOffice):
    """Answers at once and notes who posted what when."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self.posts: list[tuple[int, str, list[Message]]] = []

    async def post(self, token: str, messages: Sequence[Message]) -> None:
        """Taken."""
        self.posts.append((self._clock.now(), token, list(messages)))


async def lived(clock: HandClock, seconds: int, pace: Pace | None = None) -> tuple[Live, Noted]:
    """Three centres live for so many seconds of an injected clock."""
    pace = pace or Pace()
    feed = Feed(Engine(WORLD, pace=pace), 7, START - OPENING, CALM)
    office = Noted(clock)
    live = Live(feed, WORLD.centres, office, str, clock, skip=lambda _m: False)
    ends = clock.now() + seconds * SECOND
    await live.run(lambda: pace.own(clock.now()), lambda: clock.now() >= ends)
    return live, office


async def test_every_event_is_posted_when_it_is_due() -> None:
    """Not before, at most two seconds later, each by its own centre in order."""
    live, office = await lived(HandClock(START), 900)

    told = list(Engine(WORLD).until(live.reached))
    posted = [m for _, _, messages in office.posts for m in messages]
    assert sorted(m.moment for m in posted) == [t.moment for t in told]
    for at, token, messages in office.posts:
        assert {WORLD.centres[m.centre].code for m in messages} == {token}
        assert all(m.moment <= at for m in messages)
        assert all(at - max(m.moment, START) <= 2.2 * SECOND for m in messages)
    for centre in WORLD.centres:
        own = [m.moment for m in posted if m.centre == centre.number]
        assert own == sorted(own)
    assert live.answered() == {c.code: live.reached for c in WORLD.centres}
    assert START + 899 * SECOND <= live.reached <= START + 901 * SECOND


async def test_a_faster_clock_gives_more_events_a_second() -> None:
    """Hours of the province in minutes of the wall, as evenly at dawn as at noon."""
    pace = Pace([Stretch(START, START, 90.0)])
    live, office = await lived(HandClock(START), 600, pace)
    told = list(Engine(WORLD).until(pace.own(START + 600 * SECOND)))

    assert live.reached - START > 14 * HOUR
    assert sum(len(messages) for *_, messages in office.posts) == pytest.approx(len(told), rel=0.01)


async def test_centres_post_every_second_or_two() -> None:
    """Small batches, however fast the province's clock runs."""
    _, office = await lived(HandClock(START), 120, Pace([Stretch(START, START, 500.0)]))

    for centre in WORLD.centres:
        times = [at for at, token, _ in office.posts if token == centre.code]
        pauses = [b - a for a, b in pairwise(times)]
        assert len(times) > 50
        assert min(pauses) >= SECOND
        assert sum(pauses) / len(pauses) < 2 * SECOND
    assert max(len(messages) for *_, messages in office.posts) <= POST_EVENTS


async def test_unanswered_events_are_not_remembered_as_answered() -> None:
    """While the server is away the moment stays before the first that waits."""
    box = Outbox()
    for moment in (5, 7, 9):
        box.put(Message(moment, 0, str(moment), b"{}"))
    assert box.answered(20) == 4

    assert len(box.take()) == 3
    assert box.answered(20) == 4

    box.put(Message(12, 0, "12", b"{}"))
    box.done()
    assert box.answered(20) == 11

    box.take()
    box.done()
    assert box.answered(20) == 20


async def test_the_province_waits_when_too_much_is_unsent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Memory stays bounded while the server is away."""
    monkeypatch.setattr("services.simulator.live.WAITING_MOST", 50)
    feed = Feed(Engine(WORLD), 7, START - OPENING, CALM)
    async with aiohttp.ClientSession() as session:
        office = PostOffice(Door(session, "http://127.0.0.1:9", HandClock()), None)
        live = Live(feed, WORLD.centres, office, str, HandClock(), skip=lambda _m: False)
        live.fill(START)
        reached = live.reached
        live.fill(START + 10 * MINUTE)

    assert sum(map(len, live.outboxes)) >= 50
    assert live.reached == reached == START


async def test_trouble_at_the_door_loses_nothing() -> None:
    """Refused, dropped and answered late: in the end all has been answered."""

    def script(n: int, events: list[object]) -> web.Response | None:
        if n % 5 == 0:
            return None
        return web.Response(status=503) if n % 7 == 0 else accepted(events)

    clock, pace = HandClock(START), Pace([Stretch(START, START, 20.0)])
    feed = Feed(Engine(WORLD, pace=pace), 7, START - OPENING, CALM)
    async with scripted(script) as server, aiohttp.ClientSession() as session:
        office = PostOffice(Door(session, server.url, clock), None)
        live = Live(feed, WORLD.centres, office, str, clock, skip=lambda _m: False)
        await live.run(lambda: pace.own(clock.now()), lambda: clock.now() >= START + 600 * SECOND)

    ids = {e["id"] for post in server.posts for e in post}
    assert ids == {t.event.id for t in Engine(WORLD).until(live.reached)}
    assert office.answers.total() == len(ids)
    assert not any(map(len, live.outboxes))
