"""docs/protocol.md shows what a real server says.

The page's blocks are one conversation: what the client says is said, what the server says must
be part of what it really answers.  Long maps are cut short in the page, so a documented map must
be a part of the real one, and a documented list the beginning of it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas import frames
from services.dashboard_api.errors import Refused
from services.dashboard_api.replay.commands import Replays
from services.dashboard_api.session import PANELS, Limits
from tests.dashboard_api.histories import COUNTY, NOON, one_case, record_in
from tests.dashboard_api.site import Site, SocketWall, serving, until
from tests.dashboard_api.world import World

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
TEXT = PAGE.read_text(encoding="utf-8")
LIMITS = Limits(heartbeat_s=0.3)


def blocks() -> Iterator[str]:
    """The fenced blocks of the page, in order."""
    yield from re.findall(r"^```\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def conversation() -> list[tuple[str, Any]]:
    """(``C`` or ``S``, message) of everything that is said over the socket, in order."""
    said = []
    for block in blocks():
        for part in re.split(r"^(?=[CS] \{)", block, flags=re.MULTILINE):
            if part[:2] in ("C ", "S "):
                said.append((part[0], msgspec.json.decode(part[2:])))
    return said


def requests() -> list[tuple[str, Any]]:
    """(path, answer) of every documented GET."""
    found = []
    for block in blocks():
        if block.startswith("GET "):
            line, _, answer = block.partition("\n")
            found.append((line.removeprefix("GET "), msgspec.json.decode(answer)))
    return found


def assert_part(documented: Any, real: Any, where: str = "") -> None:
    """What the page shows is part of what was said."""
    if documented in ("EPOCH", "REPLAY"):
        assert isinstance(real, str), where
    elif isinstance(documented, dict):
        assert isinstance(real, dict), where
        for key, value in documented.items():
            assert key in real, f"{where}/{key}"
            assert_part(value, real[key], f"{where}/{key}")
    elif isinstance(documented, list):
        assert isinstance(real, list), where
        assert len(real) >= len(documented), where
        for i, (shown, told) in enumerate(zip(documented, real, strict=False)):
            assert_part(shown, told, f"{where}/{i}")
    else:
        assert documented == real, where


@pytest.fixture
def begun(world: World) -> World:
    """The story up to twenty past twelve."""
    now = NOON + timedelta(minutes=20)
    entries = [entry for entry in one_case() if record_in(entry).received_at <= now]
    world.take(entries, watermark=now)
    return world


async def test_every_documented_answer_is_given(begun: World, tmp_path: Path) -> None:
    """Each GET of the page, asked of a server that stands where the story stands."""
    site = Site(begun, tmp_path, demo=False, limits=LIMITS)
    async with serving(site):
        for path, documented in requests():
            answer = await site.get(path, site.token(COUNTY, "supervisor"))
            assert_part(documented, answer.json(), path)


class Reader:
    """Carries the documented conversation out, over as many sockets as it takes."""

    def __init__(self, site: Site, wall: SocketWall) -> None:
        self.site = site
        self.wall = wall
        self.epochs: dict[str, str] = {}

    async def say(self, command: dict[str, Any]) -> None:
        """Send a documented command with a real token and the real epoch."""
        if "auth" in command:
            command["auth"]["token"] = self.site.token(COUNTY)
        wish = command.get("subscribe", {})
        if "epoch" in wish:
            wish["epoch"] = self.epochs[f"{wish['panel']}/{wish['org']}"]
        await self.wall.say(command)

    async def expect(self, documented: dict[str, Any]) -> None:
        """Hear until the kind of message comes that is documented; it must be just that."""
        async with asyncio.timeout(20):
            told = msgspec.json.decode(await self.wall.connection.recv())
            while _kind(told) != _kind(documented):
                told = msgspec.json.decode(await self.wall.connection.recv())
        if "epoch" in told.get("ok", {}):
            self.epochs[told["ok"]["channel"]] = told["ok"]["epoch"]
        if told.get("push") == "heartbeat":
            assert told.keys() == documented.keys()  # its moments pass while the test runs
            return
        if "heartbeat_s" in documented.get("ok", {}):
            documented["ok"] |= {"server": "test", "heartbeat_s": LIMITS.heartbeat_s}
        assert_part(documented, told)


class HandTime:
    """The time of replays, which goes on when the conversation does."""

    def __init__(self) -> None:
        self.s = 0.0
        self.until_s: float | None = None

    def now_s(self) -> float:
        """The time."""
        return self.s

    async def wait(self, news: asyncio.Event, until_s: float | None) -> None:
        """Until there is news, or it is that late."""
        self.until_s = until_s
        await until(lambda: news.is_set() or (until_s is not None and self.s >= until_s))
        self.until_s = None

    async def goes_on(self) -> None:
        """Be as late as what plays waits for."""
        await until(lambda: self.until_s is not None)
        assert self.until_s is not None
        self.s = self.until_s


def _kind(message: dict[str, Any]) -> Any:
    return message.get("id") or (message["push"], message.get("channel"))


async def test_the_documented_conversation_takes_place(begun: World, tmp_path: Path) -> None:
    """Command by command and push by push, while the story goes on."""
    site = Site(begun, tmp_path, demo=False, limits=LIMITS)
    time = HandTime()
    site.dashboard.replays = site.dashboard.door._replays = Replays(
        site.dashboard.replays._shared._replace(time=time), begun.progress, LIMITS
    )
    rest = [e for e in one_case() if record_in(e).received_at > begun.watermark]

    def goes_on(minutes: int) -> None:
        now = NOON + timedelta(minutes=minutes)
        begun.take([e for e in rest if begun.watermark < record_in(e).received_at <= now], now)
        site.clock = now

    async with serving(site), site.socket() as connection:
        reader = Reader(site, SocketWall(connection))
        for who, message in conversation():
            if who == "C":
                if message["id"] == 2 and "epoch" in message["subscribe"]:
                    await _begin_freshness(reader)
                    goes_on(91)
                    await until(lambda: site.dashboard.live.as_of == begun.watermark)
                await reader.say(message)
            else:
                if message.get("push") == "patch":
                    goes_on(22)
                if message.get("push") == "snapshot":
                    goes_on(85)
                if message.get("push") == "replay" and message["n"] in (1, 3):
                    await time.goes_on()
                await reader.expect(message)


async def _begin_freshness(reader: Reader) -> None:
    wish = {"panel": "freshness", "org": COUNTY}
    await reader.say({"id": 90, "subscribe": wish})
    await reader.expect({"id": 90, "ok": {"offset": 0}})
    await reader.say({"id": 91, "unsubscribe": {"channel": f"freshness/{COUNTY}"}})
    await reader.expect({"id": 91, "ok": {}})


def test_every_kind_of_message_is_documented() -> None:
    """Each struct of schemas.frames that crosses the wire has its example."""
    said = conversation()
    client = [message for who, message in said if who == "C"]
    server = [message for who, message in said if who == "S"]
    orders = set(frames.Command.__struct_fields__) - {"id"}
    assert {order for m in client for order in m if order != "id"} == orders
    pushes = {frames.PatchPush, frames.SnapshotPush, frames.ReplayPush, frames.Heartbeat}
    tags = {struct.__struct_config__.tag for struct in pushes}
    assert {m["push"] for m in server if "push" in m} == tags
    subscribed = [m["ok"] for m in server if "snapshot" in m.get("ok", {})]
    assert {"freshness", "person"} == {ok["snapshot"]["panel"] for ok in subscribed}
    assert any("patches" in m.get("ok", {}) for m in server)
    assert any("error" in m for m in server)
    for struct in (frames.Welcome, frames.Subscribed, frames.Failure, frames.Patch,
                   frames.ElementFrame, frames.ChildNumbers, frames.FreshnessFrame,
                   frames.SourceFreshness, frames.Replay, frames.Replaying,
                   frames.ReplayPush, frames.PanelChange):  # fmt: skip
        for field in struct.__struct_encode_fields__:
            assert f'"{field}":' in TEXT, f"{struct.__name__}.{field}"


def test_every_close_code_is_documented() -> None:
    """The table of the page is that of the code."""
    table = dict(re.findall(r"^\| (3\d{3}) \| (.*) \|$", TEXT, re.MULTILINE))

    assert {int(code): text for code, text in table.items()} == frames.CLOSE_CODES


def test_every_refusal_and_problem_is_documented() -> None:
    """Each code that the sources give to a client stands in the page."""
    sources = Path(__file__).parents[2] / "services"
    codes: set[str] = set()
    for folder, pattern in (
        (sources / "dashboard_api", rf"{Refused.__name__}\(\s*\"([a-z_]+)\""),
        (sources / "dashboard_api", r"Failure\(code=\"([a-z_]+)\""),
        (sources / "dashboard_api", r"Problem\(\s*\d+, \"([a-z_]+)\""),
    ):
        for file in folder.rglob("*.py"):
            codes |= set(re.findall(pattern, file.read_text(encoding="utf-8")))

    assert len(codes) > 12
    assert {code for code in codes if f"`{code}`" not in TEXT} == set()


def test_every_panel_and_path_is_documented() -> None:
    """What can be asked for is named."""
    doors = (Path(__file__).parents[2] / "services" / "dashboard_api").glob("http*.py")
    sources = "".join(door.read_text(encoding="utf-8") for door in doors)
    paths = re.findall(r'router\.get\(\s*"(/v1/[^"]+)"', sources)
    named = [path.replace("_:path", "").replace(":path", "") for path in paths]

    assert len(named) >= 8
    assert [path for path in named if path not in TEXT] == []
    assert [panel for panel in PANELS if f"`{panel}`" not in TEXT] == []
