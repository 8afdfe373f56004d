"""Free ports for servers that tests start, kill and start again."""

from __future__ import annotations

import random
import socket

FIRST, LAST = 20_000, 32_000


def free_port() -> int:
    """A loopback port that nobody listens on and that no outgoing connection will be given.

    Below the range of outgoing connections: while a server of ours is down, a client that tries
    its port again and again may otherwise be given that very port, and so connect to itself.
    """
    for port in random.SystemRandom().sample(range(FIRST, LAST), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free loopback port between {FIRST} and {LAST}")
