"""Who may replay what, and how many at once; and the same over a real socket."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas import frames
from services.dashboard_api.delivery import Seat
from services.dashboard_api.errors import Refused
from services.dashboard_api.session import PANELS
from tests.dashboard_api.histories import START
from tests.dashboard_api.replaying import Holder, JumpingTime, Looker, Theatre, wish
from tests.dashboard_api.site import SocketWall, site_of, until, wall_at
from tests.dashboard_api.world import PROVINCE, World

FROM, TO = START + timedelta(hours=10), START + timedelta(hours=11)
COUNTY = "350203000000"


def order(**changed: Any) -> dict[str, Any]:
    """A good order of an hour of the province, and what is changed in it."""
    good = {"org": PROVINCE, "panels": ["person", "case"], "from": FROM, "to": TO, "speed": 600}
    plain: dict[str, Any] = msgspec.to_builtins(good | changed)
    return plain


class ReplayWall(SocketWall):
    """A wall at a real socket that replays."""

    def __init__(self, wall: SocketWall) -> None:
        super().__init__(wall.connection)
        self._asked = 100
        self.replayed = Holder()

    def pushed(self, push: dict[str, Any]) -> None:
        """Take a push; those of the replay by themselves."""
        if push["push"] == "replay":
            self.replayed.take(push)
        else:
            super().pushed(push)

    async def replay_until(self, holds: Any) -> None:
        """Hear until what is replayed is so."""
        while not holds(self.replayed):
            await self.hear()


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        ({"panels": []}, "bad_replay", "panels"),
        ({"panels": ["case", "person", "case"]}, "bad_replay", "case stands twice"),
        ({"panels": ["case", "weather"]}, "unknown_panel", "weather"),
        ({"speed": 0}, "bad_replay", "speed"),
        ({"speed": 3601}, "bad_replay", "from 1 to 3600"),
        ({"speed": 1.5}, "bad_message", "$.replay.speed"),
        ({"to": FROM}, "bad_replay", "from"),
        ({"from": TO, "to": FROM}, "bad_replay", "from"),
        ({"from": datetime(1970, 5, 1, tzinfo=UTC)}, "bad_replay", "1971"),
        ({"from": datetime(2100, 1, 1, tzinfo=UTC), "to": datetime(2101, 1, 1, tzinfo=UTC)},
         "bad_replay", "from"),
        ({"from": "2026-11-20T12:00:00"}, "bad_message", "$.replay.from"),
        ({"org": "359900000000"}, "unknown_org", "code"),
        ({"org": "110000000000"}, "out_of_scope", "scope"),
        ({"org": "35"}, "bad_message", "$.replay.org"),
    ],
)  # fmt: skip
async def test_what_cannot_be_played_is_refused(
    history: World, tmp_path: Path, changed: dict[str, Any], code: str, says: str
) -> None:
    """The answer names what is wrong; the socket stays, and so does what it plays."""
    async with site_of(history, tmp_path) as site, wall_at(site, PROVINCE) as wall:
        assert (await wall.ask(replay=order(speed=1)))["ok"]["state"] == "playing"

        told = await wall.ask(replay=order(**changed))

        assert told["error"]["code"] == code
        assert says in told["error"]["message"]
        assert told["error"]["temporary"] is False
        assert (await wall.ask(pause={}))["ok"]["state"] == "paused"


async def test_a_county_replays_within_its_scope(history: World, tmp_path: Path) -> None:
    """Itself, and nothing beside or above."""
    async with site_of(history, tmp_path) as site, wall_at(site, COUNTY) as wall:
        for org in (PROVINCE, "350206000000"):
            told = await wall.ask(replay=order(org=org))
            assert told["error"]["code"] == "out_of_scope"

        assert "ok" in await wall.ask(replay=order(org=COUNTY))


@pytest.mark.parametrize("what", [{"seek": {"moment": "2026-11-20T12:00:00Z"}}, {"pause": {}},
                                  {"resume": {}}, {"stop": {}}])  # fmt: skip
async def test_without_a_replay_there_is_nothing_to_command(
    history: World, tmp_path: Path, what: dict[str, Any]
) -> None:
    """Before one was begun, and after it was stopped."""
    async with site_of(history, tmp_path) as site, wall_at(site, PROVINCE) as wall:
        assert (await wall.ask(**what))["error"]["code"] == "no_replay"
        await wall.ask(replay=order())
        assert (await wall.ask(stop={}))["ok"]["state"] == "stopped"

        assert (await wall.ask(**what))["error"]["code"] == "no_replay"


async def test_commands_of_a_replay_that_cannot_be_carried_out(history: World) -> None:
    """A moment outside, a speed that there is not; it plays on as before."""
    theatre, looker = Theatre(history), Looker()
    theatre.time.stands = True
    before = theatre.begin(looker, wish(PROVINCE, ("case",), FROM, TO, 60))

    for moment in (FROM - timedelta(seconds=1), TO + timedelta(seconds=1)):
        with pytest.raises(Refused, match="moment: ") as refused:
            theatre.seek(looker, moment)
        assert refused.value.code == "bad_replay"
    for speed in (0, 4000):
        with pytest.raises(Refused, match="speed: ") as refused:
            theatre.resume(looker, speed)
        assert refused.value.code == "bad_replay"

    assert theatre.resume(looker) == before
    await theatre.replays.close()


async def test_the_end_is_cut_to_what_is_shown(history: World) -> None:
    """There is nothing to play after it; before anything was known there is nothing to see."""
    theatre, looker = Theatre(history), Looker()
    long_ago = START - timedelta(days=400)

    told = theatre.begin(
        looker, wish(PROVINCE, ("case",), long_ago, datetime(2100, 1, 1, tzinfo=UTC), 1)
    )
    theatre.pause(looker)
    await looker.told(1)

    assert msgspec.convert(told["to"], datetime) == history.watermark
    assert looker.frames["case"]["total"] == 0
    assert set(looker.frames["case"]["trend"].values()) == {None}
    await theatre.replays.close()


async def test_nothing_is_played_before_anything_was_counted(world: World) -> None:
    """Ask again in a while."""
    theatre = Theatre(world)

    with pytest.raises(Refused) as refused:
        theatre.begin(Looker(), wish(PROVINCE, ("case",), FROM, TO, 60))

    assert refused.value.code == "not_ready"
    assert refused.value.temporary


async def test_replays_of_one_user_are_bounded(history: World) -> None:
    """One more is refused for a time; one that ends makes room, another's are not counted."""
    theatre = Theatre(history, replays_per_user=2)
    theatre.time.stands = True
    lookers = [Looker() for _ in range(4)]
    hour = wish(PROVINCE, ("case",), FROM, TO, 60)
    for looker in lookers[:2]:
        theatre.begin(looker, hour)

    with pytest.raises(Refused) as refused:
        theatre.begin(lookers[2], hour)
    theatre.begin(lookers[3], hour, user="another")
    theatre.begin(lookers[0], hour)  # in the place of its own
    theatre.stop(lookers[1])
    theatre.begin(lookers[2], hour)

    assert refused.value.code == "too_many_replays"
    assert refused.value.temporary
    assert history.metrics.replays._value.get() == 3
    await theatre.replays.close()
    assert history.metrics.replays._value.get() == 0


async def test_replays_of_a_process_are_bounded(history: World) -> None:
    """Whoever they are of."""
    theatre = Theatre(history, replays=3)
    theatre.time.stands = True
    hour = wish(PROVINCE, ("case",), FROM, TO, 60)
    for n in range(3):
        theatre.begin(Looker(), hour, user=f"user {n}")

    with pytest.raises(Refused) as refused:
        theatre.begin(Looker(), hour, user="one more")

    assert refused.value.code == "too_many_replays"
    await theatre.replays.close()


async def test_the_next_replay_takes_the_place_of_the_one_before(history: World) -> None:
    """Nothing is told any more of the old one."""
    theatre, looker = Theatre(history), Looker()
    first = theatre.begin(looker, wish(PROVINCE, ("case",), FROM, TO, 600))
    await looker.told(2)

    second = theatre.begin(looker, wish(COUNTY, ("person",), FROM, TO, 600))
    before = len(looker.pushes)
    await looker.ended()

    assert first["replay"] != second["replay"]
    assert {push["replay"] for push in looker.pushes[before:]} == {second["replay"]}
    assert looker.pushes[before]["n"] == 0


async def test_a_socket_replays_and_stays_live(history: World, tmp_path: Path) -> None:
    """Answers and pushes have their documented shape; what is subscribed goes on beside."""
    async with site_of(history, tmp_path) as site, wall_at(site, PROVINCE) as one:
        wall = ReplayWall(one)
        await wall.watch("case", PROVINCE)
        held = dict(wall.at)

        told = await wall.ask(replay=order(speed=3600, panels=["case", "freshness"]))
        await wall.replay_until(lambda held: held.pushes and held.states[-1] == "ended")

        assert msgspec.convert(told["ok"], frames.Replaying).state == "playing"
        for push in wall.replayed.pushes:
            msgspec.convert(push, frames.ReplayPush)
        assert wall.replayed.gaps == 0
        assert wall.replayed.moments[0] == FROM
        assert wall.replayed.moments[-1] == TO
        answer = await site.get(
            f"/v1/orgs/{PROVINCE}/panels/case", site.token(PROVINCE), as_of=TO.isoformat()
        )
        assert wall.replayed.frames["case"] == answer.json()
        assert wall.at == held
        assert wall.frames[f"case/{PROVINCE}"]["as_of"] != answer.json()["as_of"]


async def test_a_socket_that_does_not_read_gets_the_newest_state(
    history: World, tmp_path: Path
) -> None:
    """Pushes are left out while its buffer is full; then the end comes whole, at once."""
    async with site_of(history, tmp_path, spare_bytes=20_000, hopeless_s=600) as site:
        time = JumpingTime()
        replays = site.dashboard.replays
        replays._shared = replays._shared._replace(time=time)
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", int(site.address.rpartition(":")[2])))
            async with site.socket(sock=deaf, max_queue=1) as connection:
                wall = ReplayWall(SocketWall(connection))
                await wall.ask(auth={"token": site.token(PROVINCE)})
                time.stands = True
                await wall.ask(replay=order(panels=PANELS))
                await wall.replay_until(lambda held: held.pushes)
                (client,) = site.dashboard.door._clients
                seat = Seat(site.dashboard.door._delivery, client)
                while seat.reads():
                    seat.tell(b'{"push":"ignore","padding":"%b"}' % (b"x" * 100_000))
                    await asyncio.sleep(0)
                ends_s = time.s + (TO - FROM).total_seconds() / 600
                time.stands = False
                await until(lambda: time.s > ends_s)
                assert not seat.reads()

                await wall.replay_until(lambda held: held.states[-1] == "ended")

        assert wall.replayed.moments == [FROM, TO]
        assert {
            panel: list(change) for panel, change in wall.replayed.pushes[1]["frames"].items()
        } == {panel: ["snapshot"] for panel in PANELS}


async def test_a_replay_ends_with_its_socket(history: World, tmp_path: Path) -> None:
    """Nothing is read or rendered for a client that went away; a server that stops, stops."""
    async with site_of(history, tmp_path) as site:
        replays = site.dashboard.replays
        async with wall_at(site, PROVINCE) as wall:
            await wall.ask(replay=order(speed=1))
            (running,) = replays._running.values()
        await until(lambda: running.task.done())
        assert not replays._running

        async with wall_at(site, PROVINCE) as wall:
            await wall.ask(replay=order(speed=1))
            await replays.close()
            assert (await wall.ask(pause={}))["error"]["code"] == "no_replay"


async def test_a_replay_asks_nothing_of_live(history: World, tmp_path: Path) -> None:
    """It has a client of the warehouse of its own; live's is not used, its channels stand."""
    async with site_of(history, tmp_path, heartbeat_s=60) as site, wall_at(site, PROVINCE) as one:
        wall, dashboard = ReplayWall(one), site.dashboard
        await wall.watch("case", PROVINCE)
        channel = dashboard.live._watched[f"case/{PROVINCE}"].channel
        before = channel.epoch, channel.offset, channel.frame
        await until(lambda: dashboard.live._check and dashboard.live._check.done())
        used: list[str] = []
        for name in ("_ticking", "_asking", "_replaying"):
            _spy(getattr(dashboard, name), name, used)

        await wall.ask(replay=order(speed=3600))
        await wall.replay_until(lambda held: held.pushes and held.states[-1] == "ended")
        await asyncio.sleep(0)

        assert set(used) == {"_replaying"}
        assert (channel.epoch, channel.offset, channel.frame) == before


def _spy(readers: Any, name: str, used: list[str]) -> None:
    rows = readers.rows

    async def noted(query: str, parameters: Any) -> Any:
        used.append(name)
        return await rows(query, parameters)

    readers.rows = noted
