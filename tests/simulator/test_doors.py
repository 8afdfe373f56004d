"""A patient sender."""

from __future__ import annotations

import aiohttp
import msgspec
import pytest
from aiohttp import web

from services.simulator.doors import PAUSE_MOST_S, Answered, Door
from services.simulator.errors import AnswerMissing, DoorClosed
from services.simulator.message import Message
from tests.simulator.doors import HandClock, Script, ScriptedDoor, accepted, scripted


def messages(many: int, moment: int = 1) -> list[Message]:
    """So many messages."""
    return [Message(moment, 0, str(n), msgspec.json.encode({"id": str(n)})) for n in range(many)]


async def post(
    script: Script, sent: list[Message], *, compress: bool = False
) -> tuple[Answered, ScriptedDoor, HandClock]:
    """Post to a scripted door."""
    clock = HandClock()
    async with scripted(script) as server, aiohttp.ClientSession() as session:
        door = Door(session, server.url, clock, compress=compress)
        return await door.post("a-token", sent), server, clock


async def test_answers_come_in_order() -> None:
    """One for each message, with the token shown."""
    answered, server, clock = await post(lambda _n, e: accepted(e), messages(3))

    assert [g.id for g in answered.given] == ["0", "1", "2"]
    assert not answered.sent_before
    assert server.headers[0]["Authorization"] == "Bearer a-token"
    assert clock.slept == []


@pytest.mark.parametrize("status", [429, 500, 503, 507])
async def test_the_same_events_are_sent_again_until_they_are_answered(status: int) -> None:
    """As long as the server is in trouble, with growing pauses."""

    def script(n: int, events: list[object]) -> web.Response:
        return web.Response(status=status) if n < 9 else accepted(events)

    answered, server, clock = await post(script, messages(2))

    assert len(answered.given) == 2
    assert server.posts == [server.posts[0]] * 9
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] == PAUSE_MOST_S
    assert answered.sent_before is (status != 429)


async def test_it_comes_back_when_the_server_asks() -> None:
    """Retry-After is kept."""

    def script(n: int, events: list[object]) -> web.Response:
        if n == 1:
            return web.Response(status=429, headers={"Retry-After": "7"})
        return accepted(events)

    *_, clock = await post(script, messages(1))

    assert clock.slept == [7.0]


async def test_a_lost_connection_leaves_open_whether_it_was_taken() -> None:
    """So a duplicate is then a right answer."""
    answered, server, _ = await post(lambda n, e: None if n < 3 else accepted(e), messages(2))

    assert answered.sent_before
    assert len(server.posts) == 3


async def test_a_body_that_is_too_large_is_sent_in_parts() -> None:
    """All are answered, in order."""

    def script(_n: int, events: list[object]) -> web.Response:
        return web.Response(status=413) if len(events) > 2 else accepted(events)

    answered, *_ = await post(script, messages(7))

    assert [g.id for g in answered.given] == [str(n) for n in range(7)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 415])
async def test_a_door_that_will_never_open_ends_it(status: int) -> None:
    """With the server's own words."""
    problem = {"code": "token_refused", "detail": "the token has expired"}
    answer = web.json_response(problem, status=status)

    with pytest.raises(DoorClosed, match=rf"{status} token_refused: the token has expired"):
        await post(lambda _n, _e: answer, messages(1))


@pytest.mark.parametrize(
    "body", [{"results": []}, {"results": [{"id": "9", "status": "accepted"}]}, {}, []]
)
async def test_an_answer_to_something_else_ends_it(body: object) -> None:
    """Too few results, another id, or no results at all."""
    with pytest.raises(AnswerMissing, match="1 events were sent"):
        await post(lambda _n, _e: web.json_response(body), messages(1))


async def test_what_is_no_json_travels_on_lines() -> None:
    """NDJSON for the post that holds it; both shapes are used."""
    lines = [m._replace(own_line=True) for m in messages(2)]
    _, with_lines, _ = await post(lambda _n, e: accepted(e), lines)
    _, as_batch, _ = await post(lambda _n, e: accepted(e), messages(2))

    assert with_lines.headers[0]["Content-Type"] == "application/x-ndjson"
    assert as_batch.headers[0]["Content-Type"] == "application/cloudevents-batch+json"


async def test_a_post_can_be_compressed() -> None:
    """The server is told."""
    _, server, _ = await post(lambda _n, e: accepted(e), messages(50), compress=True)

    assert server.headers[0]["Content-Encoding"] == "gzip"
    assert len(server.posts[0]) == 50
