"""``/v1/live``: the websockets library's own connections on uvicorn's port.

uvicorn hands an upgrade to ``LiveSocket``, which belongs to the server that ``LiveDoor``
starts.  FastAPI never sees it, and ``broadcast()`` encodes once for all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from schemas.frames import Command, Replay, Replaying, Subscribe
from schemas.organisations import Organisations
from services.backbone.errors import TokenRefused
from services.backbone.identity import Identity, Issuer
from services.backbone.telemetry import Metrics
from services.dashboard_api import session
from services.dashboard_api.delivery import Client, Delivery, Seat
from services.dashboard_api.errors import Refused
from services.dashboard_api.live import Live
from services.dashboard_api.replay.commands import Replays
from services.dashboard_api.session import Limits

log = logging.getLogger(__name__)

PATH = "/v1/live"
STATE_KEY = "live_server"
"""Where the lifespan's state holds the server that sockets belong to."""
CATCH_UP_S = 0.25
CLOSE_S = 2.0


class LiveSocket(ServerConnection):
    """One connection, as uvicorn makes it: ``uvicorn.Config(app, ws=LiveSocket)``."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        door: LiveDoor = app_state[STATE_KEY]
        super().__init__(
            ServerProtocol(max_size=door.limits.message_bytes, logger=door.connection_log),
            door.server,
            close_timeout=CLOSE_S,
        )
        self._open: set[Any] = server_state.connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, and let uvicorn count the connection."""
        super().connection_made(transport)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._open.discard(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """uvicorn is going down."""
        task = self.loop.create_task(close(self, session.GOING_DOWN))
        self.server.handler_tasks.add(task)
        task.add_done_callback(self.server.handler_tasks.discard)


async def close(connection: ServerConnection, code: int) -> None:
    """Close with a code; a connection that does not read is cut off."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await connection.close(code)
    except TimeoutError:
        connection.transport.abort()


class Rules(NamedTuple):
    """Who may come in."""

    issuer: Issuer
    organisations: Organisations
    origins: frozenset[str]
    """Origins of pages that may connect besides those of this host."""


class LiveDoor:
    """Lets clients in and carries out what they ask; ``start`` before use, ``stop`` at the end."""

    def __init__(
        self,
        live: Live,
        replays: Replays,
        rules: Rules,
        *,
        limits: Limits,
        metrics: Metrics,
        version: str,
        now: Callable[[], datetime],
    ) -> None:
        self.limits = limits
        self.server: Server
        # Every wall that comes and goes is no news; what goes wrong with one is.
        self.connection_log = logging.getLogger(f"{__name__}.connections")
        self.connection_log.setLevel(logging.WARNING)
        self._live = live
        self._replays = replays
        self._rules = rules
        self._metrics = metrics
        self._version = version
        self._now = now
        self._clients: set[Client] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the server that sockets belong to; its own port is never told to anyone."""
        loop = asyncio.get_running_loop()
        self._delivery = Delivery(
            self.limits, self._metrics, now_s=loop.time, snapshot=self._live.snapshot_push
        )
        self._live.deliver = self._delivery.push
        self.server = await serve(
            self._handle,
            "127.0.0.1",
            0,
            process_request=_only_live,
            compression=None,
            logger=self.connection_log,
        )
        self._tasks = [
            loop.create_task(self._beat()),
            loop.create_task(self._catch_up()),
        ]

    async def stop(self) -> None:
        """Ask every client to come back later, and close."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        open_ = list(self.server.connections)
        await asyncio.gather(*(close(c, session.GOING_DOWN) for c in open_))
        await self._replays.close()
        self.server.close()
        await self.server.wait_closed()

    async def _handle(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None  # noqa: S101 - the handshake is over
        origin, host = request.headers.get("Origin"), request.headers.get("Host")
        if not session.origin_allowed(origin, host, self._rules.origins):
            await close(connection, session.ORIGIN_REFUSED)
            return
        try:
            client = await self._let_in(connection)
            if client is not None:
                await self._serve(client)
        except ConnectionClosed:
            pass  # the client went away, which it may at any time

    async def _let_in(self, connection: ServerConnection) -> Client | None:
        """The client, once its first message held a good token; None when it was closed."""
        try:
            async with asyncio.timeout(self.limits.token_within_s):
                message = await connection.recv()
        except TimeoutError:
            await close(connection, session.NO_TOKEN)
            return None
        try:
            command = session.command_in(message)
            if command.auth is None:
                raise Refused("not_authenticated", "the first message authenticates")
        except Refused as refused:
            await connection.send(session.failed(session.id_in(message), refused), text=True)
            await close(connection, session.BAD_MESSAGE)
            return None
        try:
            identity = self._reader(command.auth.token)
        except TokenRefused as error:
            answer = session.failed(command.id, Refused("token_refused", error.reason))
            await connection.send(answer, text=True)
            await close(connection, session.TOKEN_REFUSED)
            return None
        await connection.send(self._welcome(command.id, identity), text=True)
        return Client(connection, identity, command.auth.token)

    def _reader(self, token: str) -> Identity:
        identity = self._rules.issuer.verify(token)
        if not identity.may_read:
            raise TokenRefused(f"the role {identity.role} may not read")
        return identity

    def _welcome(self, id_: int, identity: Identity) -> bytes:
        return session.welcome(
            id_,
            server=self._version,
            time=self._now(),
            org=identity.org,
            role=identity.role,
            heartbeat_s=self.limits.heartbeat_s,
        )

    async def _serve(self, client: Client) -> None:
        self._clients.add(client)
        self._metrics.sockets.inc()
        try:
            await self._converse(client)
        finally:
            self._metrics.sockets.dec()
            self._clients.discard(client)
            self._replays.end(client)
            for name in client.channels:
                self._live.unsubscribe(client, name)

    async def _converse(self, client: Client) -> None:
        loop, bad, asked, second = asyncio.get_running_loop(), 0, 0, 0.0
        async for message in client.connection:
            if loop.time() - second >= 1:
                second, asked = loop.time(), 0
            asked += 1
            if asked > self.limits.commands_per_s:
                await asyncio.sleep(second + 1 - loop.time())
            answer, code = self._answer(client, message)
            bad += code == "bad_message"
            # Written before anything else can be pushed to this client.
            await client.connection.send(answer, text=True)
            if code == "too_many_subscriptions":
                await close(client.connection, session.TOO_MANY)
                return
            if bad >= self.limits.bad_messages:
                await close(client.connection, session.BAD_MESSAGE)
                return

    def _answer(self, client: Client, message: str | bytes) -> tuple[bytes, str | None]:
        """What to answer, and the code of the refusal if it is one."""
        try:
            return self._carry_out(client, session.command_in(message)), None
        except Refused as refused:
            return session.failed(session.id_in(message), refused), refused.code

    def _carry_out(self, client: Client, command: Command) -> bytes:
        if command.subscribe:
            return session.done(command.id, self._subscribe(client, command.subscribe))
        if command.unsubscribe:
            name = command.unsubscribe.channel
            client.channels.discard(name)
            client.stale.discard(name)
            self._live.unsubscribe(client, name)
            return session.done(command.id, {})
        if command.ping:
            return session.done(command.id, {})
        if command.auth:
            raise Refused("authenticated_already", "this socket is authenticated")
        if command.replay:
            return session.done(command.id, self._replay(client, command.replay))
        return session.done(command.id, self._replays.carry_out(client, command))

    def _subscribe(self, client: Client, wish: Subscribe) -> Any:
        self._check(client, [wish.panel], wish.org)
        held = client.channels | {f"{wish.panel}/{wish.org}"}
        if len(held) > self.limits.subscriptions:
            raise Refused("too_many_subscriptions", "unsubscribe from others first")
        name, answer = self._live.subscribe(client, wish.panel, wish.org, wish.epoch, wish.offset)
        client.channels.add(name)
        client.stale.discard(name)
        return answer

    def _replay(self, client: Client, wish: Replay) -> Replaying:
        self._check(client, wish.panels, wish.org)
        seat = Seat(self._delivery, client)
        return self._replays.begin(client, client.identity.token_id, seat, wish)

    def _check(self, client: Client, panels: Iterable[str], org: str) -> None:
        """Whether there are such panels, and a client may see that organisation's."""
        for panel in panels:
            if panel not in session.PANELS:
                raise Refused("unknown_panel", f"there is no panel {panel!r}")
        if not client.identity.may_see(org):
            raise Refused("out_of_scope", "this organisation lies outside your scope")
        if not self._rules.organisations.knows(org):
            raise Refused("unknown_org", "no organisation has this code")

    async def _beat(self) -> None:
        """Say regularly that the server is there; show those out whose token has expired."""
        while True:
            await asyncio.sleep(self.limits.heartbeat_s)
            self._delivery.to_all(
                session.heartbeat(self._now(), self._live.as_of), list(self._clients)
            )
            for client in list(self._clients):
                try:
                    self._rules.issuer.verify(client.token)
                except TokenRefused:
                    self._part_with(client, session.TOKEN_REFUSED)

    async def _catch_up(self) -> None:
        while True:
            await asyncio.sleep(CATCH_UP_S)
            for client in self._delivery.catch_up(list(self._clients)):
                log.info("closing a socket that does not read")
                self._part_with(client, session.TOO_SLOW)

    def _part_with(self, client: Client, code: int) -> None:
        self._clients.discard(client)
        task = asyncio.get_running_loop().create_task(close(client.connection, code))
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)


def _only_live(connection: ServerConnection, request: Request) -> Response | None:
    if request.path.partition("?")[0] == PATH:
        return None
    return connection.respond(HTTPStatus.NOT_FOUND, "the live socket is at /v1/live\n")
