"""Many viewers play back a day at ×600 while centres post and a wall is live.

First all play the same day from its beginning, as the walls of one room do; then each one from a
moment of his own, so that no two have anything in common.
A viewer's clock begins with its first push; every later one is due when the speed says so.  A
moment of which no push came was left out, because the server had no time for it.  Beside it the
part's own limit: the full query of one frame, which a replay without steps would need for each.
Viewers, posters and the live wall are in this process, the server in its own, on the same cores.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import aiohttp
import msgspec
import psutil
from websockets.asyncio.client import ClientConnection, connect

from tests.bench.posted_to_patch import Place, measure, percentile
from tests.bench.rows import Row
from tests.support.server import Server

PROVINCE = "350000000000"
PANELS = ["incident", "person", "property", "case", "place", "dossier", "freshness"]
DAYS_LOADED = 2
VIEWERS = 20
SPEED = 600
PLAYED = timedelta(days=1)
STEP = timedelta(seconds=SPEED / 4)
RATE_EV_S = 200
APART = timedelta(minutes=7)
STILL_S = 10
FRAMES = 40


class _Push(msgspec.Struct):
    """What is looked at of a push of a replay."""

    moment: datetime
    state: str
    n: int


_push = msgspec.json.Decoder(_Push)


class Viewer:
    """One who plays a day back, and notes how late each push is."""

    def __init__(self, url: str, token: str, to: datetime) -> None:
        self._url = url
        self._token = token
        self._to = to
        self.late_s: list[float] = []
        self.moments = 0
        self.bytes = 0

    async def play(self) -> None:
        """Play to the end."""
        address = f"{self._url.replace('http', 'ws')}/v1/live"
        async with connect(address, max_size=None, compression=None) as socket:
            await _say(socket, {"id": 1, "auth": {"token": self._token}})
            await socket.recv()
            wish = {
                "org": PROVINCE, "panels": PANELS, "from": self._to - PLAYED, "to": self._to,
                "speed": SPEED,
            }  # fmt: skip
            await _say(socket, {"id": 2, "replay": wish})
            await self._watch(socket)

    async def _watch(self, socket: ClientConnection) -> None:
        began_s, first = 0.0, self._to
        async for message in socket:
            now_s = time.perf_counter()
            text = message if isinstance(message, str) else message.decode()
            if not text.startswith('{"push":"replay"'):
                if '"error"' in text:
                    raise RuntimeError(text)
                continue
            push = _push.decode(text)
            self.bytes += len(text)
            if push.state == "paused":
                raise RuntimeError(text)
            if not push.n:
                began_s, first = now_s, push.moment
            self.moments += 1
            due_s = began_s + (push.moment - first).total_seconds() / SPEED
            self.late_s.append(now_s - due_s)
            if push.state == "ended":
                return


async def _say(socket: ClientConnection, command: object) -> None:
    await socket.send(msgspec.json.encode(command), text=True)


async def _full_queries_ms(server: Server, to: datetime) -> list[float]:
    """Of one frame each, at moments anywhere in the day."""
    made, times = random.Random(5), list[float]()
    headers = {"Authorization": f"Bearer {server.token(PROVINCE, 'wall')}"}
    async with aiohttp.ClientSession(headers=headers) as client:
        for _ in range(FRAMES):
            moment = (to - made.random() * PLAYED).isoformat()
            url = f"{server.url}/v1/orgs/{PROVINCE}/panels/{made.choice(PANELS)}"
            began = time.perf_counter()
            async with client.get(f"{url}?as_of={quote(moment)}") as answer:
                answer.raise_for_status()
                await answer.read()
            times.append((time.perf_counter() - began) * 1000)
    return times


def _load(server: Server) -> None:
    """Two days of a province, as its own simulator loads them."""
    subprocess.run(
        [sys.executable, "-m", "services", "simulate", "--url", server.url,
         "--data", str(server.data), "--days", str(DAYS_LOADED), "--live-s", "0", "--quiet"],
        check=True,
    )  # fmt: skip
    _stands_still(server)


def _stands_still(server: Server) -> None:
    """Return once a load has come to the views: nobody sends, so nothing moves any more."""
    token, shown = server.token(PROVINCE, "wall"), list[object]()
    while len(shown) < 2 or shown[-1] != shown[-2]:
        time.sleep(STILL_S)
        shown.append(server.get(f"/v1/orgs/{PROVINCE}/panels/person", token)["statuses"])


async def _both(
    server: Server, place: Place, first: int, apart: timedelta
) -> tuple[list[Viewer], list[float]]:
    """All viewers play while centres post and a wall is live."""
    end = datetime.now(UTC) - timedelta(minutes=5)
    viewers = [
        Viewer(server.url, server.token(PROVINCE, "wall"), end - n * apart) for n in range(VIEWERS)
    ]
    playing = asyncio.gather(*(viewer.play() for viewer in viewers))
    seconds = PLAYED.total_seconds() / SPEED - 20
    latencies = await measure(place, RATE_EV_S, first, seconds)
    await playing
    return viewers, latencies


def _rows(
    what: str, viewers: list[Viewer], latencies: list[float], query: float, cores: float
) -> Iterator[Row]:
    late_ms = [late * 1000 for viewer in viewers for late in viewer.late_s]
    expected = VIEWERS * (PLAYED // STEP + 1)
    left_out = 100 * (1 - sum(viewer.moments for viewer in viewers) / expected)
    kib_s = sum(viewer.bytes for viewer in viewers) / VIEWERS / 1024
    kib_s /= PLAYED.total_seconds() / SPEED
    note = f"limit: one frame's full query; {expected:,} moments, {kib_s:.0f} KiB/s to each"
    yield Row(f"{what}, lateness of a push, p50", query, statistics.median(late_ms), "ms", note)
    yield Row(f"{what}, lateness of a push, p99", query, percentile(late_ms, 0.99), "ms", "")
    yield Row(f"{what}, moments left out", None, left_out, "%", "for want of time")
    name = f"{what}: posted → patch at a socket, {RATE_EV_S} ev/s"
    yield Row(f"{name}, p50", None, statistics.median(latencies), "ms", "")
    yield Row(f"{name}, p99", 500.0, percentile(latencies, 0.99), "ms", "limit: what it may be")
    yield Row(f"{what}: cores that the server took", None, cores, "cores", "")


def run() -> list[Row]:
    """A day at ×600, and what live is beside it and without it."""
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "data") as server:
        _load(server)
        place = Place(
            server.url, server.url, server.token(PROVINCE, "centre"), server.token(PROVINCE, "wall")
        )
        alone = asyncio.run(measure(place, RATE_EV_S, 0, 20))
        query = statistics.median(
            asyncio.run(_full_queries_ms(server, datetime.now(UTC) - timedelta(minutes=5)))
        )
        posted, rows = len(alone), list[Row]()
        who = f"{VIEWERS} viewers ×{SPEED}, {len(PANELS)} panels of the province"
        for what, apart in ((f"{who}, one day", timedelta(0)), (f"{who}, each his own", APART)):
            process = psutil.Process(server.pid)
            before, began = sum(process.cpu_times()[:2]), time.perf_counter()
            viewers, latencies = asyncio.run(_both(server, place, posted, apart))
            posted += len(latencies)
            cores = (sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - began)
            rows += _rows(what, viewers, latencies, query, cores)
        rows.append(
            Row(
                f"posted → patch at a socket without viewers, {RATE_EV_S} ev/s, p99",
                None, percentile(alone, 0.99), "ms",
            )
        )  # fmt: skip
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
