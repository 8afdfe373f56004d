"""Loading history in order."""

from __future__ import annotations

import aiohttp
from aiohttp import web

from services.simulator.doors import Door
from services.simulator.engine import OPENING, Engine
from services.simulator.faults import Disturbance
from services.simulator.feed import Feed
from services.simulator.history import load
from services.simulator.message import Message
from services.simulator.post_office import PostOffice
from services.simulator.times import HOUR
from tests.simulator.conftest import START, small_world
from tests.simulator.doors import HandClock, accepted, scripted

CALM = Disturbance((), importing=False, scoped=True, stranger="350000000000")


def feed() -> Feed:
    """A few centres, with what stood before."""
    return Feed(Engine(small_world(centres=2)), 7, START - OPENING, CALM)


async def test_everything_is_sent_once_in_order() -> None:
    """One post at a time, each event with its received time, and told how far it is."""
    in_air = most_in_air = 0
    moments: list[int] = []

    def script(_n: int, events: list[object]) -> web.Response:
        nonlocal in_air, most_in_air
        in_air += 1
        most_in_air = max(most_in_air, in_air)
        answer = accepted(events)
        in_air -= 1
        return answer

    async with scripted(script) as server, aiohttp.ClientSession() as session:
        office = PostOffice(Door(session, server.url, HandClock()), None)
        await load(
            feed(), office, "token", until=START + HOUR, received_from=0,
            skip=lambda _m: False, answered=lambda moment, _n: moments.append(moment),
            stopped=lambda: False,
        )  # fmt: skip

    sent = [e for post in server.posts for e in post]
    expected = list(feed().until(START + HOUR, importing=True))
    assert [e["id"] for e in sent] == [m.id for m in expected]
    assert most_in_air == 1
    received = [e["receivedtime"] for e in sent]
    assert received == sorted(received)
    assert moments == sorted(moments)
    assert moments[-1] == START + HOUR
    assert office.answers == {"accepted": len(expected)}


async def test_what_is_known_to_be_answered_is_left_out() -> None:
    """As after a restart."""

    def known(message: Message) -> bool:
        return message.moment <= START

    async with (
        scripted(lambda _n, e: accepted(e)) as server,
        aiohttp.ClientSession() as session,
    ):
        office = PostOffice(Door(session, server.url, HandClock()), None)
        await load(
            feed(), office, "token", until=START + HOUR, received_from=0,
            skip=known, answered=lambda _m, _n: None, stopped=lambda: False,
        )  # fmt: skip

    rest = [m.id for m in feed().until(START + HOUR) if m.moment > START]
    assert [e["id"] for post in server.posts for e in post] == rest


async def test_it_ends_early_when_it_is_stopped() -> None:
    """After the post that is on its way; how far it came is right."""
    moments: list[int] = []
    async with (
        scripted(lambda _n, e: accepted(e)) as server,
        aiohttp.ClientSession() as session,
    ):
        office = PostOffice(Door(session, server.url, HandClock()), None)
        await load(
            feed(), office, "token", until=START + HOUR, received_from=0,
            skip=lambda _m: False, answered=lambda moment, _n: moments.append(moment),
            stopped=lambda: True,
        )  # fmt: skip

    assert len(server.posts) == 1
    assert len(moments) == 1
    assert moments[0] < START
