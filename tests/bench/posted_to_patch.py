"""From the moment a centre posts a fact to the patch that shows it, at a real socket.

Each post admits one person, so the k-th person is on the screen with the first frame whose
total is k higher than at the start.  Beside it the part's own limit: a post is durable, a
block is inserted and a query answered, one after the other, without waiting for anything.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
from websockets.asyncio.client import connect

from tests.bench.rows import Row
from tests.support.server import Server

PROVINCE = "350000000000"
RATES_EV_S = (200, 1000)
SECONDS = 20.0
WARM_UP_S = 2.0


def _person(n: int) -> bytes:
    now = datetime.now(UTC).isoformat()
    event = {
        "specversion": "1.0",
        "id": f"bench-{n}",
        "source": "/orgs/350203000000",
        "type": "person.admitted",
        "time": now,
        "data": {
            "person_no": f"R350203{n:012d}",
            "org": f"3502035{n % 10}0000",
            "arrived_at": now,
            "admitted_at": now,
        },
    }
    return msgspec.json.encode(event)


class _Screen:
    """A wall that notes when each total was first shown."""

    def __init__(self) -> None:
        self.total = 0
        self.shown_at: list[float] = []

    async def watch(self, url: str, token: str, ready: asyncio.Event) -> None:
        async with connect(f"{url.replace('http', 'ws')}/v1/live", max_size=None) as socket:
            await socket.send(msgspec.json.encode({"id": 1, "auth": {"token": token}}).decode())
            await socket.recv()
            subscribe = {"panel": "person", "org": PROVINCE}
            await socket.send(msgspec.json.encode({"id": 2, "subscribe": subscribe}).decode())
            async for message in socket:
                self._take(msgspec.json.decode(message))
                if not ready.is_set():
                    self.shown_at.clear()
                    ready.set()

    def _take(self, message: dict[str, Any]) -> None:
        frame = message.get("patch") or message.get("snapshot") or message.get("ok", {})
        frame = frame.get("snapshot", frame)
        total = frame.get("total", self.total)
        now = time.perf_counter()
        self.shown_at += [now] * (total - self.total)
        self.total = total


class Place(NamedTuple):
    """Where to post and where to look, with the tokens for both."""

    door: str
    wall: str
    centre_token: str
    wall_token: str


async def measure(
    place: Place, rate_ev_s: int, first: int, seconds: float = SECONDS
) -> list[float]:
    """Milliseconds from each post to its patch; ``first`` numbers the first person."""
    screen, ready = _Screen(), asyncio.Event()
    watching = asyncio.create_task(screen.watch(place.wall, place.wall_token, ready))
    await asyncio.wait_for(ready.wait(), 30)
    count = int(rate_ev_s * seconds)
    posted_at = await _post(place, rate_ev_s, first, count)
    for _ in range(200):
        if len(screen.shown_at) >= count:
            break
        await asyncio.sleep(0.05)
    watching.cancel()
    if len(screen.shown_at) < count:
        raise RuntimeError(f"only {len(screen.shown_at)} of {count} events came to the screen")
    pairs = zip(sorted(posted_at), screen.shown_at, strict=False)
    return [(shown - posted) * 1000 for posted, shown in pairs]


async def _post(place: Place, rate_ev_s: int, first: int, count: int) -> list[float]:
    headers = {
        "Authorization": f"Bearer {place.centre_token}",
        "Content-Type": "application/cloudevents+json",
    }
    posted_at: list[float] = []
    async with aiohttp.ClientSession(
        headers=headers, connector=aiohttp.TCPConnector(limit=92)
    ) as client:

        async def post(n: int) -> None:
            posted_at.append(time.perf_counter())
            async with client.post(f"{place.door}/v1/events", data=_person(n)) as answer:
                answer.raise_for_status()

        began = time.perf_counter()
        tasks = []
        for n in range(count):
            due = began + n / rate_ev_s
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(post(first + n)))
        await asyncio.gather(*tasks)
    return posted_at


def percentile(values: list[float], share: float) -> float:
    """The value below which the share lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run() -> list[Row]:
    """p50 and p99 at each rate."""
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder) / "data") as server,
    ):
        place = Place(
            server.url, server.url, server.token(PROVINCE, "centre"), server.token(PROVINCE, "wall")
        )
        cold = asyncio.run(measure(place, RATES_EV_S[0], 0, WARM_UP_S))
        rows.append(
            Row(
                name="posted → patch at a socket, first 2 s of a new server, p99",
                limit=None,
                ours=percentile(cold, 0.99),
                unit="ms",
                note="first inserts and first queries; not in the rows below",
            )
        )
        first = len(cold)
        for rate in RATES_EV_S:
            latencies = asyncio.run(measure(place, rate, first))
            first += len(latencies)
            for name, value in (
                ("p50", statistics.median(latencies)),
                ("p99", percentile(latencies, 0.99)),
            ):
                rows.append(
                    Row(
                        name=f"posted → patch at a socket, {rate} ev/s, {name}",
                        limit=40.0,
                        ours=value,
                        unit="ms",
                        note="limit: fsync + insert + query, one after the other (DESIGN)",
                    )
                )
    return rows
