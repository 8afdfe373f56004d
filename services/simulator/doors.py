"""The public door, as a patient sender uses it.

Sends the same events again until they are answered: after 429 as the server asks, after 5xx and
lost connections with growing pauses.  That is safe because the door knows what it has taken.
"""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Sequence
from io import BytesIO
from typing import NamedTuple

import aiohttp
import msgspec

from services.simulator.clock import Clock
from services.simulator.errors import AnswerMissing, DoorClosed
from services.simulator.message import Given, Message

BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"
PAUSE_LEAST_S, PAUSE_MOST_S = 0.1, 3.0
TIMEOUT_S = 60.0
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
"""Answers that say nothing about the events."""


class Results(msgspec.Struct):
    """The body of a 200."""

    results: list[Given]


class Problem(msgspec.Struct):
    """What is read of a problem document."""

    code: str = ""
    detail: str = ""


class Answered(NamedTuple):
    """The answers to a post, in order."""

    given: list[Given]
    sent_before: bool
    """An earlier try may have been taken although its answer was lost."""


class Door:
    """POST /v1/events of one server."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        clock: Clock,
        *,
        compress: bool = False,
        waiting: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        """``waiting`` is told, in a word, why the sender has to try again."""
        self._session = session
        self._url = url.rstrip("/") + "/v1/events"
        self._clock = clock
        self._compress = compress
        self._waiting = waiting

    async def post(self, token: str, messages: Sequence[Message]) -> Answered:
        """Send until answered.

        Raises DoorClosed when the server will never take them, AnswerMissing when it answers
        something else than it was asked.
        """
        content_type, body = packed(messages, compress=self._compress)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
        if self._compress:
            headers["Content-Encoding"] = "gzip"
        tries, lost = 0, False
        while True:
            pause_s = min(PAUSE_LEAST_S * 2**tries, PAUSE_MOST_S)
            tries += 1
            try:
                async with self._session.post(
                    self._url, data=BytesIO(body), headers=headers
                ) as answer:
                    whole = await answer.read()
                    status, asked = answer.status, answer.headers.get("Retry-After", "")
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                lost = True
                self._waiting(type(error).__name__)
            else:
                if status == 200:
                    return Answered(_results(whole, messages), lost)
                if status == 413 and len(messages) > 1:
                    return await in_halves(self.post, token, messages, sent_before=lost)
                if status not in TRY_AGAIN:
                    raise _closed(status, whole)
                lost = lost or status != 429
                pause_s = float(asked) if asked.isdecimal() else pause_s
                self._waiting(str(status))
            await self._clock.sleep(pause_s)


def packed(messages: Sequence[Message], *, compress: bool) -> tuple[str, bytes]:
    """Content type and body of one post; now an array, now one event a line."""
    lines = any(m.own_line for m in messages) or messages[0].moment % 4 == 0
    bodies = [m.body for m in messages]
    body = b"\n".join(bodies) if lines else b"[" + b",".join(bodies) + b"]"
    if compress:
        body = gzip.compress(body, compresslevel=1, mtime=0)
    return LINES if lines else BATCH, body


async def in_halves(
    post: Callable[[str, Sequence[Message]], Awaitable[Answered]],
    token: str,
    messages: Sequence[Message],
    *,
    sent_before: bool,
) -> Answered:
    """The body was too large: send it in two."""
    middle = len(messages) // 2
    first = await post(token, messages[:middle])
    second = await post(token, messages[middle:])
    before = sent_before or first.sent_before or second.sent_before
    return Answered(first.given + second.given, before)


def session(connections: int) -> aiohttp.ClientSession:
    """A client that keeps at most so many connections open."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
    )


def _results(whole: bytes, messages: Sequence[Message]) -> list[Given]:
    try:
        given = msgspec.json.decode(whole, type=Results).results
    except msgspec.DecodeError:
        given = []
    return results_of(given, messages)


def results_of(given: list[Given], messages: Sequence[Message]) -> list[Given]:
    """The answers, one for each message; raises AnswerMissing for anything else."""
    same = len(given) == len(messages) and all(
        g.id is None or m.id is None or g.id == m.id for g, m in zip(given, messages, strict=True)
    )
    if not same:
        raise AnswerMissing(len(messages), len(given))
    return given


def _closed(status: int, whole: bytes) -> DoorClosed:
    try:
        problem = msgspec.json.decode(whole, type=Problem)
    except msgspec.DecodeError:
        problem = Problem()
    return DoorClosed(status, problem.code or "no code", problem.detail or "no detail")
