"""Clients that do not read: spared, brought up to date, closed at last, never in others' way."""

from __future__ import annotations

import asyncio
import socket as sockets
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.dashboard_api.histories import made_up
from tests.dashboard_api.site import Site, site_of, until, wall_at
from tests.dashboard_api.world import PROVINCE, World

ENTRIES = made_up(21, hours=12, facts=400)
BEGUN = 340


@pytest.fixture
def begun(world: World) -> World:
    """A world in which something has happened."""
    world.take(ENTRIES[:BEGUN])
    return world


async def test_one_that_never_reads_does_not_slow_the_others(begun: World, tmp_path: Path) -> None:
    """It is spared frames and closed at last, while another wall gets every patch."""
    async with site_of(begun, tmp_path, spare_bytes=10_000, hopeless_s=0.5) as site:
        deaf = await _deaf_socket(site)
        async with wall_at(site, PROVINCE) as wall:
            await wall.watch("case", PROVINCE)
            watched = site.dashboard.live._watched[f"case/{PROVINCE}"]
            big = _padded(f"case/{PROVINCE}")
            for _ in range(150):
                site.dashboard.live.deliver(watched.channel, big, watched.watchers)
                await wall.connection.recv()

            assert site.world.metrics.slow_sockets._value.get() == 1
            assert len(watched.watchers) == 2
            await until(lambda: len(watched.watchers) == 1)
            begun.take(ENTRIES[BEGUN:])
            await wall.catch_up(f"case/{PROVINCE}", begun.watermark - timedelta(minutes=30))
            assert wall.gaps == 0
        deaf.close()


async def test_one_that_reads_again_gets_the_newest_state(begun: World, tmp_path: Path) -> None:
    """After a slow spell one snapshot replaces all that was not sent."""
    async with site_of(begun, tmp_path, spare_bytes=10_000, hopeless_s=60) as site:
        deaf = await _deaf_socket(site)
        watched = site.dashboard.live._watched[f"case/{PROVINCE}"]
        big = _padded(f"case/{PROVINCE}")
        for _ in range(150):
            site.dashboard.live.deliver(watched.channel, big, watched.watchers)
            await asyncio.sleep(0)
        begun.take(ENTRIES[BEGUN:])
        await until(lambda: site.dashboard.live.as_of == begun.watermark)

        heard = await _read_until(deaf, b'"push":"snapshot"')

        expected = await site.get(f"/v1/orgs/{PROVINCE}/panels/case", site.token(PROVINCE))
        snapshot = msgspec.json.decode(heard[heard.index(b'{"push":"snapshot"') :])
        assert snapshot["snapshot"] | {"as_of": ""} == expected.json() | {"as_of": ""}
        deaf.close()


def _padded(channel: str) -> bytes:
    """A push so big that an unread one soon fills the system's buffers."""
    return msgspec.json.encode({"push": "ignore", "channel": channel, "padding": "x" * 100_000})


async def _deaf_socket(site: Site) -> sockets.socket:
    """A client that subscribes to the province's cases and reads nothing from then on."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    host, port = site.address.split(":")
    await loop.sock_connect(raw, (host, int(port)))
    handshake = (
        f"GET /v1/live HTTP/1.1\r\nHost: {site.address}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    await loop.sock_sendall(raw, handshake.encode())
    await loop.sock_recv(raw, 4096)
    for command in (
        {"id": 1, "auth": {"token": site.token(PROVINCE)}},
        {"id": 2, "subscribe": {"panel": "case", "org": PROVINCE}},
    ):
        await loop.sock_sendall(raw, _text_frame(msgspec.json.encode(command)))
    name = f"case/{PROVINCE}"
    await until(lambda: name in site.dashboard.live._watched)
    return raw


def _text_frame(payload: bytes) -> bytes:
    """One masked text frame (RFC 6455 §5.2), with a mask of zeros."""
    assert 125 < len(payload) < 65_536 or len(payload) < 126
    size = (
        bytes([0x80 | len(payload)])
        if len(payload) < 126
        else bytes([0x80 | 126]) + len(payload).to_bytes(2, "big")
    )
    return b"\x81" + size + b"\0\0\0\0" + payload


async def _read_until(raw: sockets.socket, mark: bytes) -> bytes:
    """All that comes, up to the end of the frame that holds a mark."""
    loop, heard = asyncio.get_running_loop(), b""
    async with asyncio.timeout(20):
        while mark not in heard:
            heard = heard[-200:] + await loop.sock_recv(raw, 1 << 20)
        start = heard.index(b'{"push":"snapshot"')
        size = int.from_bytes(heard[start - 2 : start], "big")
        while len(heard) < start + size:
            heard += await loop.sock_recv(raw, 1 << 20)
    return heard[: start + size]
