"""The importer at the door: answers, waiting, giving up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from services.importer.door import Door
from services.importer.errors import DoorRefused

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        self.now_s += seconds
        self.slept.append(seconds)


class Script:
    """A server that answers as it is told, one answer after another, then accepts."""

    def __init__(self, *answers: Handler) -> None:
        self._answers = list(answers)
        self.requests: list[tuple[str, int]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        events = await request.json()
        self.requests.append((request.headers["Authorization"], len(events)))
        if self._answers:
            return await self._answers.pop(0)(request)
        return web.json_response({"results": [{"id": e, "status": "accepted"} for e in events]})


def answering(status: int, code: str = "", retry_after: str | None = None) -> Handler:
    """An answer with a problem document."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return web.json_response(
            {"code": code, "detail": "because"}, status=status, headers=headers
        )

    return answer


async def cut_off(request: web.Request) -> web.StreamResponse:
    """A server that is killed while it answers."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def sent(
    script: Script, bodies: list[bytes], clock: Clock, patience_s: float = 60
) -> list[str]:
    """The statuses that the door gives for some events."""
    app = web.Application(client_max_size=2**20)
    app.router.add_post("/v1/events", script.answer)
    async with TestServer(app) as server:
        url = str(server.make_url("/"))
        async with Door(
            url, "t0", patience_s=patience_s, sleep=clock.sleep, clock=clock
        ) as door:  # fmt: skip
            return [answer["status"] for answer in await door.send(bodies)]


async def test_a_batch_is_sent_whole() -> None:
    """One request, the token with it, an answer for each."""
    script = Script()

    assert await sent(script, [b"1", b"2"], Clock()) == ["accepted", "accepted"]
    assert script.requests == [("Bearer t0", 2)]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_busy_server_is_waited_for(status: int) -> None:
    """The same batch again, after the time that the server names."""
    script, clock = Script(answering(status, retry_after="7")), Clock()

    assert await sent(script, [b"1"], clock) == ["accepted"]
    assert (len(script.requests), clock.slept) == (2, [7.0])


async def test_without_a_time_the_waiting_grows() -> None:
    """Twice as long each time, up to five seconds; a date is no number of seconds."""
    busy = answering(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
    script, clock = Script(*[busy] * 7), Clock()

    assert await sent(script, [b"1"], clock) == ["accepted"]
    assert clock.slept == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


async def test_a_wait_of_nothing_is_still_a_wait() -> None:
    """A server that says 0 is not asked in a hot loop."""
    script, clock = Script(answering(429, retry_after="0")), Clock()

    await sent(script, [b"1"], clock)

    assert clock.slept == [0.2]


async def test_a_server_that_is_killed_is_waited_for() -> None:
    """A connection that breaks in the middle of an answer tells nothing: send again."""
    script, clock = Script(cut_off, cut_off), Clock()

    assert await sent(script, [b"1"], clock) == ["accepted"]
    assert len(script.requests) == 3


async def test_patience_ends() -> None:
    """A server that stays busy is given up, with its own reason."""
    clock = Clock()
    with pytest.raises(DoorRefused) as caught:
        await sent(Script(*[answering(429, "queue_full", "4")] * 99), [b"1"], clock, patience_s=10)

    assert (caught.value.code, caught.value.status) == ("queue_full", 429)
    assert clock.now_s == 12


async def test_nobody_there() -> None:
    """An address where nobody listens is given up after the same time."""
    clock = Clock()
    url = f"http://127.0.0.1:{unused_port()}"
    async with Door(url, "t", patience_s=5, sleep=clock.sleep, clock=clock) as door:
        with pytest.raises(DoorRefused, match="unreachable"):
            await door.send([b"1"])

    assert clock.now_s >= 5


@pytest.mark.parametrize("url", ["http://", "127.0.0.1:8000", "ftp://127.0.0.1"])
async def test_no_address(url: str) -> None:
    """A mistyped address is told at once, not waited for."""
    clock = Clock()
    async with Door(url, "t", patience_s=5, sleep=clock.sleep, clock=clock) as door:
        with pytest.raises(DoorRefused, match="bad_url"):
            await door.send([b"1"])

    assert clock.slept == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 415, 500, 507])
async def test_a_refusal_is_final(status: int) -> None:
    """Nothing is tried twice that the server refuses; code and reason are the server's."""
    script, clock = Script(answering(status, "token_refused")), Clock()

    with pytest.raises(DoorRefused, match=rf"token_refused \({status}\): because"):
        await sent(script, [b"1"], clock)
    assert (len(script.requests), clock.slept) == (1, [])


async def test_a_batch_that_is_too_large_is_halved() -> None:
    """In order, until it fits; one event that is too large alone is refused."""
    large = answering(413, "body_too_large")
    script = Script(large, large)

    assert await sent(script, [b"1", b"2", b"3", b"4"], Clock()) == ["accepted"] * 4
    assert [count for _, count in script.requests] == [4, 2, 1, 1, 2]
    with pytest.raises(DoorRefused, match="body_too_large"):
        await sent(Script(large), [b"1"], Clock())


@pytest.mark.parametrize("document", [{}, {"results": []}, {"results": "many"}, []])
async def test_an_answer_that_is_none(document: object) -> None:
    """Whatever answers there speaks another language."""

    async def other(_request: web.Request) -> web.StreamResponse:
        return web.json_response(document)

    with pytest.raises(DoorRefused, match="bad_answer"):
        await sent(Script(other), [b"1"], Clock())


async def test_an_answer_that_is_no_json() -> None:
    """A proxy's page has no code of its own."""

    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=403, text="<html>")

    with pytest.raises(DoorRefused, match=r"refused \(403\): no reason was given"):
        await sent(Script(page), [b"1"], Clock())
