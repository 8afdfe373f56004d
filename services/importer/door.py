"""The public door, as the importer uses it: batches in order on one connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any

import aiohttp
import msgspec

from services.importer.errors import DoorRefused

BATCH = "application/cloudevents-batch+json"
ANSWER_S = 120
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0
COME_BACK = frozenset({429, 502, 503, 504})

Answers = list[dict[str, Any]]


class Door:
    """Sends batches and gives the answers; goes on trying while the server is away."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        patience_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        waiting: Callable[[str], None] = lambda _why: None,
    ) -> None:
        """``patience_s`` bounds the waiting for one batch; ``waiting`` is told why it waits."""
        self._url = f"{url.rstrip('/')}/v1/events"
        self._token = token
        self._patience_s = patience_s
        self._sleep = sleep
        self._clock = clock
        self._waiting = waiting

    async def __aenter__(self) -> Door:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1),
            timeout=aiohttp.ClientTimeout(total=ANSWER_S),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": BATCH},
        )
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def send(self, bodies: Sequence[bytes]) -> Answers:
        """The answer to each event, in order, once all are durable; raises DoorRefused."""
        body = b"[" + b",".join(bodies) + b"]"
        wait_s, until_s = FIRST_WAIT_S, self._clock() + self._patience_s
        while True:
            status, document, retry_after_s = await self._post(body)
            if status == 200:
                return _answers(document, len(bodies))
            if status == 413 and len(bodies) > 1:
                half = len(bodies) // 2
                return await self.send(bodies[:half]) + await self.send(bodies[half:])
            refused = _refusal(status, document)
            if (status is not None and status not in COME_BACK) or self._clock() >= until_s:
                raise refused
            self._waiting(refused.code)
            pause_s = wait_s if retry_after_s is None else max(retry_after_s, FIRST_WAIT_S)
            await self._sleep(pause_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _post(self, body: bytes) -> tuple[int | None, Any, float | None]:
        """Status, document and Retry-After (s); status None where there was no whole answer."""
        try:
            async with self._session.post(self._url, data=body) as response:
                content = await response.read()
                return response.status, _decoded(content), _seconds(response.headers)
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError):
            return None, None, None
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            raise DoorRefused("bad_url", "no address of a server") from None


def _decoded(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return None


def _seconds(headers: Any) -> float | None:
    """Retry-After in seconds; a date in its place asks for our own pace."""
    try:
        return min(max(float(headers.get("Retry-After", "")), 0.0), 3600.0)
    except ValueError:
        return None


def _answers(document: Any, count: int) -> Answers:
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list) or len(results) != count:
        raise DoorRefused("bad_answer", "not one answer for each event: is this a Yiping server?")
    return results


def _refusal(status: int | None, document: Any) -> DoorRefused:
    if status is None:
        return DoorRefused("unreachable", "no answer from the server")
    told = document if isinstance(document, dict) else {}
    code, detail = told.get("code", "refused"), told.get("detail", "no reason was given")
    return DoorRefused(str(code), str(detail), status)
