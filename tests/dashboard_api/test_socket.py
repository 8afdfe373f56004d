"""The live socket on uvicorn's port: who gets in, what is told, and what rubbish gets."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from schemas import frames
from services.dashboard_api.session import Limits
from tests.dashboard_api.histories import in_parts, made_up
from tests.dashboard_api.site import Site, SocketWall, serving, until, wall_at
from tests.dashboard_api.world import PROVINCE, World

COUNTY, NEIGHBOUR, STATION = "350203000000", "350206000000", "350203500000"
ENTRIES = made_up(21, hours=12, facts=400)
BEGUN = 340


@pytest.fixture
def begun(world: World) -> World:
    """A world in which something has happened."""
    world.take(ENTRIES[:BEGUN])
    return world


@asynccontextmanager
async def site_of(world: World, folder: Path, **limits: Any) -> AsyncIterator[Site]:
    site = Site(world, folder, demo=False, limits=Limits(**{"heartbeat_s": 0.2, **limits}))
    async with serving(site):
        yield site


async def closed(wall: SocketWall) -> int | None:
    """The code with which the server closes; what it says before is heard."""
    try:
        while True:
            await wall.hear()
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else None


async def test_a_wall_gets_a_snapshot_and_then_patches(begun: World, tmp_path: Path) -> None:
    """What a wall holds after patches is the frame that HTTP gives for the same moment."""
    async with site_of(begun, tmp_path) as site, wall_at(site, PROVINCE) as wall:
        told = await wall.watch("case", PROVINCE)
        assert told["ok"]["recovered"] is False
        for some in in_parts(ENTRIES[BEGUN:], 20):
            begun.take(some)
        name, watermark = f"case/{PROVINCE}", begun.watermark
        await until(lambda: site.dashboard.live.as_of == watermark)
        told = await wall.ask(ping={})
        assert told["ok"] == {}

        answer = await site.get(f"/v1/orgs/{PROVINCE}/panels/case", site.token(PROVINCE))

        assert wall.frames[name] | {"as_of": ""} == answer.json() | {"as_of": ""}
        assert wall.kinds.count("patch") > 0
        assert wall.gaps == 0


async def test_every_message_has_its_documented_shape(begun: World, tmp_path: Path) -> None:
    """Answers and pushes decode as the structs of schemas.frames."""
    async with site_of(begun, tmp_path) as site, site.socket() as connection:
        wall = SocketWall(connection)
        hello = await wall.ask(auth={"token": site.token(PROVINCE)})
        msgspec.convert(hello["ok"], frames.Welcome)
        for panel, shape in (
            ("person", frames.ElementFrame), ("freshness", frames.FreshnessFrame),
        ):  # fmt: skip
            told = await wall.watch(panel, PROVINCE)
            msgspec.convert(told["ok"], frames.Subscribed)
            msgspec.convert(told["ok"]["snapshot"], shape)
        begun.take(ENTRIES[BEGUN:])
        patch = await wall.hear()
        while patch["push"] == "heartbeat":
            patch = await wall.hear()
        msgspec.convert(patch, frames.PatchPush | frames.SnapshotPush)
        while not wall.heartbeats:
            await wall.hear()
        msgspec.convert(wall.heartbeats[0], frames.Heartbeat)
        failed = await wall.ask(subscribe={"panel": "weather", "org": PROVINCE})
        msgspec.convert(failed["error"], frames.Failure)


async def test_heartbeats_tell_the_data_time(history: World, tmp_path: Path) -> None:
    """Everything received up to the heartbeat's moment is shown."""
    async with site_of(history, tmp_path) as site, wall_at(site, PROVINCE) as wall:
        while len(wall.heartbeats) < 2:
            await wall.hear()

        newest = wall.heartbeats[-1]
        assert msgspec.convert(newest, frames.Heartbeat).as_of == history.watermark


async def test_a_wall_that_comes_back_recovers(begun: World, tmp_path: Path) -> None:
    """With epoch and offset from before, a new socket gets the patches that were missed."""
    async with site_of(begun, tmp_path) as site:
        async with wall_at(site, COUNTY) as wall:
            await wall.watch("person", COUNTY)
            held, frames_held = dict(wall.at), dict(wall.frames)
        begun.take(ENTRIES[BEGUN:])
        await until(lambda: site.dashboard.live.as_of == begun.watermark)
        async with wall_at(site, COUNTY) as wall:
            wall.at, wall.frames = held, frames_held

            told = await wall.watch("person", COUNTY)

            expected = await site.get(f"/v1/orgs/{COUNTY}/panels/person", site.token(COUNTY))
            assert told["ok"]["recovered"] is ("patches" in told["ok"])
            assert wall.frames[f"person/{COUNTY}"] == expected.json()
            assert wall.gaps == 0


async def test_a_token_is_asked_for_within_a_time(history: World, tmp_path: Path) -> None:
    """A socket that says nothing is closed: reconnect."""
    async with (
        site_of(history, tmp_path, token_within_s=0.05) as site,
        site.socket() as connection,
    ):
        assert await closed(SocketWall(connection)) == 3002


@pytest.mark.parametrize("first", [{"id": 1, "ping": {}}, "rubbish", b"\x00", {"id": 1}])
async def test_the_first_message_authenticates(history: World, tmp_path: Path, first: Any) -> None:
    """Anything else is answered with an error and ends the socket."""
    async with site_of(history, tmp_path) as site, site.socket() as connection:
        wall = SocketWall(connection)
        await wall.say(first)

        assert "error" in await wall.hear()
        assert await closed(wall) == 3501


async def test_a_bad_token_is_refused(history: World, tmp_path: Path) -> None:
    """A forged token, and one of a role that reads nothing: stop."""
    async with site_of(history, tmp_path) as site:
        for token in ("nonsense", site.token(COUNTY, "centre"), site.token(COUNTY, "importer")):
            async with site.socket() as connection:
                wall = SocketWall(connection)
                told = await wall.ask(auth={"token": token})
                assert told["error"]["code"] == "token_refused"
                assert await closed(wall) == 3500


async def test_an_expired_token_ends_an_open_socket(history: World, tmp_path: Path) -> None:
    """A wall does not stay in for ever on a token that was good once."""
    async with site_of(history, tmp_path) as site, wall_at(site, PROVINCE) as wall:
        site.clock += timedelta(days=2)

        assert await closed(wall) == 3500


@pytest.mark.parametrize("org", [PROVINCE, "350200000000", NEIGHBOUR, "110000000000"])
async def test_what_lies_outside_the_scope_is_refused(
    history: World, tmp_path: Path, org: str
) -> None:
    """A county sees itself and below, and goes on after a refusal."""
    async with site_of(history, tmp_path) as site, wall_at(site, COUNTY) as wall:
        told = await wall.ask(subscribe={"panel": "case", "org": org})
        assert told["error"]["code"] == "out_of_scope"

        assert "ok" in await wall.watch("case", STATION)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"subscribe": {"panel": "weather", "org": PROVINCE}}, "unknown_panel"),
        ({"subscribe": {"panel": "case", "org": "359900000000"}}, "unknown_org"),
        ({"subscribe": {"panel": "case", "org": "35"}}, "bad_message"),
        ({"subscribe": {"panel": "case"}}, "bad_message"),
        ({"subscribe": {"panel": "case", "org": PROVINCE}, "ping": {}}, "bad_message"),
        ({"auth": {"token": "again"}}, "authenticated_already"),
        ({"dance": {}}, "bad_message"),
        ({}, "bad_message"),
    ],
)
async def test_orders_that_cannot_be_carried_out(
    history: World, tmp_path: Path, order: dict[str, Any], code: str
) -> None:
    """Each is answered under its id with a code; the socket stays."""
    async with site_of(history, tmp_path) as site, wall_at(site, PROVINCE) as wall:
        told = await wall.ask(**order)

        assert told["error"]["code"] == code
        assert (await wall.ask(ping={}))["ok"] == {}


async def test_rubbish_again_and_again_ends_the_socket(history: World, tmp_path: Path) -> None:
    """An error each time, then the door."""
    async with (
        site_of(history, tmp_path, bad_messages=3) as site,
        wall_at(site, PROVINCE) as wall,
    ):
        for rubbish in ("{", "[]", b"\xff"):
            await wall.say(rubbish)

        assert await closed(wall) == 3501


async def test_a_message_that_is_too_big_ends_the_socket(history: World, tmp_path: Path) -> None:
    """The websockets library closes with its own code."""
    async with site_of(history, tmp_path) as site, wall_at(site, PROVINCE) as wall:
        await wall.say("x" * 70_000)

        assert await closed(wall) == 1009


async def test_subscriptions_are_bounded(history: World, tmp_path: Path) -> None:
    """One more than allowed: stop."""
    async with (
        site_of(history, tmp_path, subscriptions=2) as site,
        wall_at(site, PROVINCE) as wall,
    ):
        await wall.watch("case", PROVINCE)
        await wall.watch("person", PROVINCE)
        await wall.watch("person", PROVINCE)
        told = await wall.ask(subscribe={"panel": "place", "org": PROVINCE})

        assert told["error"]["code"] == "too_many_subscriptions"
        assert await closed(wall) == 3503


async def test_an_unsubscribed_channel_is_silent(begun: World, tmp_path: Path) -> None:
    """After unsubscribe no push of the channel comes, while others go on."""
    async with site_of(begun, tmp_path) as site, wall_at(site, PROVINCE) as wall:
        await wall.watch("case", PROVINCE)
        await wall.watch("person", PROVINCE)
        assert (await wall.ask(unsubscribe={"channel": f"case/{PROVINCE}"}))["ok"] == {}
        held = dict(wall.at)
        begun.take(ENTRIES[BEGUN:])

        while wall.at[f"person/{PROVINCE}"] == held[f"person/{PROVINCE}"]:
            await wall.hear()
        await wall.ask(ping={})
        assert wall.at[f"case/{PROVINCE}"] == held[f"case/{PROVINCE}"]


@pytest.mark.parametrize(("origin", "code"), [("http://evil.example", 3502), ("null", 3502)])
async def test_pages_of_other_origins_are_refused(
    history: World, tmp_path: Path, origin: str, code: int
) -> None:
    """CORS does not protect sockets; the server looks at the origin itself."""
    async with site_of(history, tmp_path) as site, site.socket(origin=origin) as connection:
        assert await closed(SocketWall(connection)) == code


async def test_pages_of_this_host_are_let_in(history: World, tmp_path: Path) -> None:
    """The wall's own page sends the host's origin."""
    async with (
        site_of(history, tmp_path) as site,
        wall_at(site, PROVINCE, origin=f"http://{site.address}") as wall,
    ):
        assert (await wall.ask(ping={}))["ok"] == {}


async def test_no_other_path_is_a_socket(history: World, tmp_path: Path) -> None:
    """A handshake elsewhere is answered 404, and HTTP goes on beside it."""
    async with site_of(history, tmp_path) as site:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{site.address}/v1/other")
        assert refused.value.response.status_code == 404
        assert (await site.get("/v1/orgs")).status_code == 401


async def test_a_server_that_goes_down_asks_to_reconnect(history: World, tmp_path: Path) -> None:
    """Every open socket is closed with 3001 before the process ends."""
    async with site_of(history, tmp_path) as site, wall_at(site, PROVINCE) as wall:
        site.server.should_exit = True

        assert await closed(wall) == 3001


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
