"""A door that answers as a script says: what a real server does only when it is in trouble."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

Script = Callable[[int, list[Any]], web.Response | None]
"""Given the number of the try and the events, the answer; None drops the connection."""


def accepted(events: list[Any]) -> web.Response:
    """All are taken."""
    results = [
        {"id": e.get("id"), "status": "accepted", "position": n, "node": "main"}
        for n, e in enumerate(events, start=1)
    ]
    return web.json_response({"results": results})


class ScriptedDoor:
    """Counts what comes and answers by the script."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.posts: list[list[Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """One post."""
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip" and body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        if request.headers["Content-Type"].endswith("ndjson"):
            events = [msgspec.json.decode(line) for line in body.split(b"\n")]
        else:
            events = msgspec.json.decode(body)
        self.posts.append(events)
        self.headers.append(dict(request.headers))
        answer = self._script(len(self.posts), events)
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[ScriptedDoor]:
    """Such a door on a free loopback port."""
    door = ScriptedDoor(script)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/events", door.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    door.url = f"http://{host}:{port}"
    try:
        yield door
    finally:
        await runner.cleanup()


class HandClock:
    """A clock that stands still until everybody sleeps, and then shows the first's waking."""

    def __init__(self, now: int = 0) -> None:
        self._now = now
        self._wakings: list[int] = []
        self.slept: list[float] = []

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Whoever has to wake first moves the clock; nobody really waits."""
        self.slept.append(seconds)
        waking = self._now + int(seconds * 1_000_000)
        self._wakings.append(waking)
        await asyncio.sleep(0)
        while self._now < waking:
            if waking == min(self._wakings):
                self._now = waking
            else:
                await asyncio.sleep(0)
        self._wakings.remove(waking)
