"""The read side as it is served: uvicorn on a loopback port, real sockets, a clock of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from services.backbone import problems
from services.backbone.identity import Issuer
from services.backbone.settings import from_environment
from services.dashboard_api import Dashboard, LiveSocket, Options
from services.dashboard_api.live import Pace
from services.dashboard_api.session import Limits
from tests.dashboard_api.wall import Wall
from tests.dashboard_api.world import EAGER, FUJIAN, World

QUICK = msgspec.structs.replace(EAGER, tick_s=0.01, pulse_s=0.1, freshness_s=0.01)


class Site:
    """A served dashboard; ``clock`` moves only when the test says so."""

    def __init__(
        self, world: World, folder: Path, *, demo: bool, limits: Limits, pace: Pace = QUICK
    ) -> None:
        self.world = world
        self.clock = world.watermark
        self.issuer = Issuer(b"k" * 32, lambda: self.clock)
        settings = from_environment(
            folder, {"YIPING_WAREHOUSE": world.dsn, "YIPING_DATA": str(folder)}, demo=demo
        )
        self.dashboard = Dashboard(
            settings,
            organisations=FUJIAN,
            issuer=self.issuer,
            progress=world.progress,
            metrics=world.metrics,
            options=Options(version="test", pace=pace, limits=limits),
            now=lambda: self.clock,
        )
        self.address = ""
        self.server: uvicorn.Server

    def token(self, org: str, role: str = "wall", days: int = 1) -> str:
        """A good token."""
        return self.issuer.issue(org, role, days)

    def app(self, wall: Path | None = None) -> FastAPI:
        """The application, wired as the embedded root wires it."""

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
            await self.dashboard.start()
            yield self.dashboard.state
            await self.dashboard.stop()

        app = FastAPI(lifespan=lifespan)
        problems.install(app)
        app.include_router(self.dashboard.routes())
        if wall:
            self.dashboard.mount_wall(app, wall)
        return app

    def socket(self, **more: Any) -> connect:
        """A socket to the server, not yet authenticated."""
        return connect(f"ws://{self.address}/v1/live", max_size=None, **more)

    async def get(self, path: str, token: str | None = None, **query: Any) -> httpx.Response:
        """What a GET answers."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"http://{self.address}") as client:
            return await client.get(path, params=query or None, headers=headers)


@asynccontextmanager
async def serving(site: Site, wall: Path | None = None) -> AsyncIterator[Site]:
    """Serve until the end of the block."""
    with _listening() as listener:
        site.address = f"127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            site.app(wall), ws=LiveSocket, log_config=None, timeout_graceful_shutdown=5
        )
        site.server = uvicorn.Server(config)
        serving_ = asyncio.create_task(site.server.serve(sockets=[listener]))
        await until(lambda: site.server.started and site.dashboard.is_ready)
        try:
            yield site
        finally:
            site.server.should_exit = True
            await serving_


@contextmanager
def _listening() -> Iterator[socket.socket]:
    # Said to be TCP, or asyncio lets short answers wait for an acknowledgement.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener


@asynccontextmanager
async def site_of(world: World, folder: Path, **limits: Any) -> AsyncIterator[Site]:
    """A served dashboard whose clients are limited so; it says that it is there often."""
    site = Site(world, folder, demo=False, limits=Limits(**{"heartbeat_s": 0.2, **limits}))
    async with serving(site):
        yield site


async def until(holds: Any, within_s: float = 20) -> None:
    """Wait until a condition holds; raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - the condition belongs to other threads
            await asyncio.sleep(0.01)


class SocketWall(Wall):
    """A wall at a real socket."""

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__()
        self.connection = connection
        self.heartbeats: list[dict[str, Any]] = []
        self._asked = 0

    async def ask(self, **order: Any) -> dict[str, Any]:
        """The answer to a command; pushes that come before it are taken."""
        self._asked += 1
        await self.say({"id": self._asked, **order})
        while True:
            told = await self.hear()
            if "id" in told:
                return told

    async def say(self, command: Any) -> None:
        """Send anything."""
        text = (
            command if isinstance(command, str | bytes) else msgspec.json.encode(command).decode()
        )
        await self.connection.send(text)

    async def hear(self) -> dict[str, Any]:
        """The next message; a push is taken."""
        async with asyncio.timeout(20):
            told: dict[str, Any] = msgspec.json.decode(await self.connection.recv())
        if told.get("push") == "heartbeat":
            self.heartbeats.append(told)
        elif "push" in told:
            self.pushed(told)
        return told

    async def watch(self, panel: str, org: str) -> dict[str, Any]:
        """Subscribe, from what is held of the channel if anything is."""
        held = self.at.get(f"{panel}/{org}")
        more = {} if held is None else {"epoch": held[0], "offset": held[1]}
        told = await self.ask(subscribe={"panel": panel, "org": org, **more})
        self.answered(told["ok"])
        return told

    async def catch_up(self, name: str, as_of: datetime) -> None:
        """Hear until a channel shows a moment."""
        wanted = as_of.strftime("%Y-%m-%dT%H:%M:%S.%f")
        while self.frames[name]["as_of"].rstrip("Z").ljust(26, "0") < wanted:
            await self.hear()


@asynccontextmanager
async def wall_at(site: Site, org: str, **more: Any) -> AsyncIterator[SocketWall]:
    """A wall whose token was accepted."""
    async with site.socket(**more) as connection:
        wall = SocketWall(connection)
        assert "ok" in await wall.ask(auth={"token": site.token(org)})
        yield wall
