"""The live socket on uvicorn's port: who gets in, what is told, and what rubbish gets."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from schemas import frames
from tests.dashboard_api.histories import in_parts, made_up
from tests.dashboard_api.site import SocketWall, site_of, until, wall_at
from tests.dashboard_api.world import PROVINCE, World

COUNTY, NEIGHBOUR, STATION = "350203000000", "350206000000", "350203500000"
ENTRIES = made_up(21, hours=12, facts=400)
BEGUN = 340


@pytest.fixture
def begun(world: World) -> World:
    """A world in which something has happened."""
    world.take(ENTRIES[:BEGUN])
    return world


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


async def test_one_that_asks_too_much_waits(history: World, tmp_path: Path) -> None:
    """Past so many commands a second the answer comes with the next second."""
    async with (
        site_of(history, tmp_path, commands_per_s=3) as site,
        wall_at(site, PROVINCE) as wall,
    ):
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for _ in range(4):
            assert (await wall.ask(ping={}))["ok"] == {}

        assert loop.time() - began_s > 0.9


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
