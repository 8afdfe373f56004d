"""A wire between a client and a server of any protocol, which a test can cut at a word."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

PIECE_BYTES = 65_536
WAIT_S = 30.0


class Wire:
    """Listens on a loopback port of its own and passes every byte on to ``target``."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._word: bytes | None = None
        self._pass_on = False
        self.cut = threading.Event()
        """Set once the word was met."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def cut_at(self, word: bytes, *, pass_on: bool) -> None:
        """Cut the connection whose client next says it; ``pass_on``: the server still hears it."""
        self.cut.clear()
        self._pass_on = pass_on
        self._word = word

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="wire", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            client.close()
            return
        for one, other, says in ((client, server, True), (server, client, False)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pump, args=(one, other, says), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, says: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                if says and self._word is not None and self._word in piece:
                    self._word = None
                    # No answer may slip through before the cut.
                    _end(source)
                    if self._pass_on:
                        sink.sendall(piece)
                        sink.shutdown(socket.SHUT_WR)
                    else:
                        _end(sink)
                    self.cut.set()
                    return
                sink.sendall(piece)
        _end(source)
        _end(sink)


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
