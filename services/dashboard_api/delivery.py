"""Pushes to many sockets: encoded once, and never a queue for one that does not read.

``broadcast()`` of the websockets library has no back-pressure, so each connection's write
buffer is looked at first.  One that does not read is spared frames and gets the newest state
when it reads again; one that has not read for long is closed, to reconnect and recover.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from websockets.asyncio.server import ServerConnection, broadcast

from services.backbone.identity import Identity
from services.backbone.telemetry import Metrics
from services.dashboard_api.channel import Channel
from services.dashboard_api.session import Limits


class Client:
    """One open socket whose token was good."""

    __slots__ = ("channels", "connection", "identity", "slow_since_s", "stale", "token")

    def __init__(self, connection: ServerConnection, identity: Identity, token: str) -> None:
        self.connection = connection
        self.identity = identity
        self.token = token
        self.channels: set[str] = set()
        self.stale: set[str] = set()
        """Channels of which it was spared a frame."""
        self.slow_since_s: float | None = None

    @property
    def unread_bytes(self) -> int:
        """What waits for the client to read, beyond what the system holds."""
        return self.connection.transport.get_write_buffer_size()


class Delivery:
    """Sends pushes to clients."""

    def __init__(
        self,
        limits: Limits,
        metrics: Metrics,
        *,
        now_s: Callable[[], float],
        snapshot: Callable[[str], bytes],
    ) -> None:
        """``snapshot`` gives the push that replaces what a client holds of a channel."""
        self._limits = limits
        self._metrics = metrics
        self._now_s = now_s
        self._snapshot = snapshot

    def push(self, channel: Channel, message: bytes, clients: Iterable[Client]) -> None:
        """Send a channel's push to all who watch it, but for those who do not read."""
        ready = []
        for client in clients:
            if self.spares(client):
                client.stale.add(channel.name)
            else:
                ready.append(client.connection)
        self._send(ready, message)

    def to_one(self, message: bytes, client: Client) -> None:
        """Send a push that is for one client alone."""
        self._send([client.connection], message)

    def to_all(self, message: bytes, clients: Iterable[Client]) -> None:
        """Send a push that may be missed, such as a heartbeat."""
        self._send([c.connection for c in clients if c.slow_since_s is None], message)

    def spares(self, client: Client) -> bool:
        """Whether a client gets no pushes now, for it does not read."""
        if client.slow_since_s is None and client.unread_bytes > self._limits.spare_bytes:
            client.slow_since_s = self._now_s()
            self._metrics.slow_sockets.inc()
        return client.slow_since_s is not None

    def catch_up(self, clients: Iterable[Client]) -> list[Client]:
        """Bring those up to date who read again; give those for whom there is no hope."""
        hopeless = []
        for client in clients:
            if client.slow_since_s is None:
                continue
            if client.unread_bytes == 0:
                client.slow_since_s = None
                stale, client.stale = client.stale, set()
                for name in sorted(stale):
                    self._send([client.connection], self._snapshot(name))
            elif self._now_s() - client.slow_since_s > self._limits.hopeless_s:
                hopeless.append(client)
        return hopeless

    def _send(self, connections: list[ServerConnection], message: bytes) -> None:
        broadcast(connections, message, text=True)
        self._metrics.frames.inc(len(connections))


class Seat(NamedTuple):
    """Where one client sits: what it alone is told goes there."""

    delivery: Delivery
    client: Client

    def reads(self) -> bool:
        """Whether it takes what it is sent; one that does not is spared."""
        return not self.delivery.spares(self.client)

    def tell(self, message: bytes) -> None:
        """Send it a push."""
        self.delivery.to_one(message, self.client)
