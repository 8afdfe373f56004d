"""A proxy that makes the faults of a network and of a server, between a client and HTTP.

Each request passes unless a fault is set that is meant for it.  Faults are set from the test,
in this process, and last for a number of requests or until ``heal``.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Self

from tests.support.ports import free_port

PIECE_BYTES = 65_536
WAIT_S = 60.0


class Fault(Enum):
    """What can go wrong with a request."""

    HANG = auto()
    """It is read and nothing comes of it, not even an end."""
    HANG_AFTER = auto()
    """The server carries it out, and the answer never comes."""
    ERROR_BEFORE = auto()
    """An error answers it, and the server hears nothing of it."""
    ERROR_AFTER = auto()
    """The server carries it out, and an error answers in its stead."""
    CUT_REQUEST = auto()
    """The connection breaks when half of it has reached the server."""
    CUT_REPLY = auto()
    """The connection breaks in the middle of the answer."""
    CUT_HEAD = auto()
    """The connection breaks before the head of the answer has told how long it is."""
    CUT_AFTER = auto()
    """The server carries it out, and the connection breaks before the answer."""
    DELAY = auto()
    """It comes late to the server."""


_ERROR = (
    b"HTTP/1.1 500 Internal Server Error\r\nX-ClickHouse-Exception-Code: 1000\r\n"
    b"Content-Length: 45\r\n\r\nCode: 1000. DB::Exception: made by the proxy\n"
)


class _Cut(Exception):
    """One of the two ends, or the fault, closed the connection."""


@dataclass
class _Set:
    """A fault, the requests that it is meant for, and how many of them."""

    fault: Fault
    on: bytes
    left: int | None
    delay_s: float
    over: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """Listens on a loopback port of its own and speaks with ``target`` for its clients."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._set: _Set | None = None
        self._changed = threading.Condition()
        self._hits = 0
        self._connections: set[socket.socket] = set()
        self._listener: socket.socket | None = None

    @property
    def hits(self) -> int:
        """How many requests met a fault."""
        return self._hits

    def fail(
        self, fault: Fault, *, on: bytes = b"", times: int | None = 1, delay_s: float = 0.0
    ) -> None:
        """From now on, ``times`` requests (None: all) meet a fault.

        Meant are those in whose first kilobytes, address and headers included, ``on`` stands.
        """
        self.heal()
        with self._changed:
            self._set = _Set(fault, on, times, delay_s)

    def refuse(self) -> None:
        """Close all connections and take no new one: nobody listens any more."""
        listener, self._listener = self._listener, None
        if listener is not None:
            _close(listener)
        with self._changed:
            connections, self._connections = self._connections, set()
        for connection in connections:
            _close(connection)

    def heal(self) -> None:
        """Let everything pass again; what hangs is cut."""
        with self._changed:
            if self._set is not None:
                self._set.over.set()
            self._set = None
        if self._listener is None:
            self._listen()

    def wait_hits(self, hits: int) -> None:
        """Wait until so many requests have met a fault; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._hits >= hits, WAIT_S):
                raise TimeoutError(f"{self._hits} of {hits} requests met a fault")

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.heal()
        self.refuse()

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._changed:
                    self._connections.add(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        try:
            while True:
                request = _read_message(client)
                if server is None:
                    server = socket.create_connection(("127.0.0.1", self._target))
                    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pass(request, client, server)
        except (_Cut, OSError):
            pass
        finally:
            with self._changed:
                self._connections.discard(client)
            _close(client)
            if server is not None:
                _close(server)

    def _pass(self, request: bytes, client: socket.socket, server: socket.socket) -> None:
        met = self._meant_for(request)
        if met is None:
            server.sendall(request)
            client.sendall(_read_message(server))
            return
        self._fail(met, request, client, server)

    def _fail(
        self, met: _Set, request: bytes, client: socket.socket, server: socket.socket
    ) -> None:
        if met.fault is Fault.HANG:
            self._hit()
            met.over.wait()
            raise _Cut
        if met.fault is Fault.ERROR_BEFORE:
            client.sendall(_ERROR)
            self._hit()
            return
        if met.fault is Fault.CUT_REQUEST:
            server.sendall(request[: len(request) // 2])
            self._hit()
            raise _Cut
        if met.fault is Fault.DELAY:
            self._hit()
            met.over.wait(met.delay_s)
        server.sendall(request)
        reply = _read_message(server)
        if met.fault is Fault.DELAY:
            client.sendall(reply)
            return
        self._hit()
        if met.fault is Fault.ERROR_AFTER:
            client.sendall(_ERROR)
            return
        if met.fault is Fault.CUT_REPLY:
            client.sendall(reply[: max(1, len(reply) - 7)])
        elif met.fault is Fault.CUT_HEAD:
            client.sendall(reply[: reply.lower().index(b"content-length")])
        elif met.fault is Fault.HANG_AFTER:
            met.over.wait()
        raise _Cut

    def _meant_for(self, request: bytes) -> _Set | None:
        with self._changed:
            met = self._set
            if met is None or met.left == 0 or met.on not in request[:PIECE_BYTES]:
                return None
            if met.left is not None:
                met.left -= 1
            return met

    def _hit(self) -> None:
        with self._changed:
            self._hits += 1
            self._changed.notify_all()


def _read_message(connection: socket.socket) -> bytes:
    """A request or an answer, whole; raises _Cut when the other side ends before."""
    data = bytearray()
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _received(connection)
    head = bytes(data[:end]).lower()
    if b"transfer-encoding: chunked" in head:
        while not data.endswith(b"0\r\n\r\n"):
            data += _received(connection)
        return bytes(data)
    length = 0
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(data) < end + 4 + length:
        data += _received(connection)
    return bytes(data)


def _received(connection: socket.socket) -> bytes:
    piece = connection.recv(PIECE_BYTES)
    if not piece:
        raise _Cut
    return piece


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
