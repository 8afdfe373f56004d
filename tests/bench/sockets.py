"""Many walls at one node: how late the last of them shows a change, and what memory it takes.

All watch the province's persons while centres post steadily, so that every tick is a patch for
every wall.  Beside it the part's own limit: the websockets library's ``broadcast()`` of the same
size at the same rate to as many sockets, with nothing else in the process.  Servers run in
processes of their own, the walls in this one, all on the same cores.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import msgspec
import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, broadcast, serve

from tests.bench.rows import Row
from tests.support.server import Server

PROVINCE = "350000000000"
WALLS = 2000
SECONDS = 15.0
RATE_EV_S = 40
PATCH_BYTES = 500
EVERY_S = 0.2
AT_ONCE = 100
_SENT_AT = b'"as_of":"'


class Walls:
    """Many sockets, each of which notes how old every patch is when it comes."""

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._count = count
        self.delays_s: list[float] = []

    async def __aenter__(self) -> Walls:
        self._sockets: list[ClientConnection] = []
        for _ in range(0, self._count, AT_ONCE):
            some = (connect(self._url, compression=None, max_size=None) for _ in range(AT_ONCE))
            self._sockets += await asyncio.gather(*(_open(one) for one in some))
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(socket.close() for socket in self._sockets))

    async def each(self, does: Callable[[ClientConnection], Awaitable[None]]) -> None:
        """Let every wall say something."""
        for start in range(0, len(self._sockets), AT_ONCE):
            await asyncio.gather(*map(does, self._sockets[start : start + AT_ONCE]))

    async def watch(self, seconds: float) -> None:
        """Take what comes for so long."""
        watching = [asyncio.create_task(self._note(socket)) for socket in self._sockets]
        await asyncio.sleep(seconds)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)

    async def _note(self, socket: ClientConnection) -> None:
        while True:
            message = await socket.recv(decode=False)
            if message.startswith(b'{"push":"patch"'):
                start = message.index(_SENT_AT) + len(_SENT_AT)
                sent_at = datetime.fromisoformat(
                    message[start : message.index(b'"', start)].decode()
                )
                self.delays_s.append(time.time() - sent_at.timestamp())


async def _open(one: connect) -> ClientConnection:
    return await one


def _bare(told: Connection) -> None:
    """A server that does nothing but broadcast."""

    async def main() -> None:
        async def stay(socket: ServerConnection) -> None:
            await socket.wait_closed()

        async with serve(stay, "127.0.0.1", 0, compression=None) as server:
            told.send(server.sockets[0].getsockname()[1])
            while True:
                now = datetime.now(UTC).isoformat()
                message = f'{{"push":"patch","as_of":"{now}","x":"{"x" * (PATCH_BYTES - 70)}"}}'
                broadcast(server.connections, message)
                await asyncio.sleep(EVERY_S)

    asyncio.run(main())


async def _measure_bare() -> tuple[list[float], float]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_bare, args=(theirs,), daemon=True
    )
    process.start()
    port = await asyncio.to_thread(ours.recv)
    assert process.pid is not None
    before = psutil.Process(process.pid).memory_info().rss
    async with Walls(f"ws://127.0.0.1:{port}", WALLS) as walls:
        await walls.watch(SECONDS)
        grown = psutil.Process(process.pid).memory_info().rss - before
    process.kill()
    process.join()
    return walls.delays_s, grown / 2**20


async def _measure_ours(server: Server) -> tuple[list[float], float]:
    wall_token = server.token(PROVINCE, "wall")
    posting = asyncio.create_task(_post(server))
    measured = psutil.Process(server.pid)
    before = measured.memory_info().rss

    async def subscribe(socket: ClientConnection) -> None:
        await socket.send(msgspec.json.encode({"id": 1, "auth": {"token": wall_token}}), text=True)
        await socket.recv()
        wish = {"id": 2, "subscribe": {"panel": "person", "org": PROVINCE}}
        await socket.send(msgspec.json.encode(wish), text=True)
        await socket.recv()

    async with Walls(f"{server.url.replace('http', 'ws')}/v1/live", WALLS) as walls:
        await walls.each(subscribe)
        await walls.watch(SECONDS)
        grown = measured.memory_info().rss - before
    posting.cancel()
    return walls.delays_s, grown / 2**20


async def _post(server: Server) -> None:
    headers = {
        "Authorization": f"Bearer {server.token(PROVINCE, 'centre')}",
        "Content-Type": "application/cloudevents+json",
    }
    async with aiohttp.ClientSession(headers=headers) as client:
        n = 0
        while True:
            n += 1
            event = {
                "specversion": "1.0",
                "id": f"walls-{n}",
                "source": "/orgs/350203000000",
                "type": "person.admitted",
                "time": datetime.now(UTC).isoformat(),
                "data": {"person_no": f"R{n:015d}", "org": f"3502035{n % 10}0000"},
            }
            async with client.post(
                f"{server.url}/v1/events", data=msgspec.json.encode(event)
            ) as answer:
                answer.raise_for_status()
            await asyncio.sleep(1 / RATE_EV_S)


def _percentile_ms(delays_s: list[float], share: float) -> float:
    return sorted(delays_s)[int(len(delays_s) * share)] * 1000


def run() -> list[Row]:
    """p50 and p99 of received → at every wall, and the memory that the walls take."""
    bare_s, bare_mib = asyncio.run(_measure_bare())
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "data") as server:
        ours_s, ours_mib = asyncio.run(_measure_ours(server))
    rows = [
        Row(
            name=f"{WALLS:,} walls, received → patch at every wall, {name}",
            limit=_percentile_ms(bare_s, share),
            ours=_percentile_ms(ours_s, share),
            unit="ms",
            note="limit: bare broadcast(); ours: commit, views and panel included",
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]
    rows.append(
        Row(
            name=f"memory that {WALLS:,} walls take",
            limit=bare_mib,
            ours=ours_mib,
            unit="MiB",
            note=f"{len(ours_s):,} patches in {SECONDS:.0f} s",
        )
    )
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
