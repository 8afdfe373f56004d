"""Replays without a socket: a time of their own, and someone who looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from schemas.frames import Command, Pause, Replay, Resume, Seek, Stop
from services.dashboard_api.panels import elements, freshness
from services.dashboard_api.patch import apply
from services.dashboard_api.readers import Readers
from services.dashboard_api.replay.commands import Replays
from services.dashboard_api.replay.film import Films
from services.dashboard_api.replay.player import Shared
from services.dashboard_api.replay.reads import ReplayReads
from services.dashboard_api.replay.scene import Screen
from services.dashboard_api.replay.turns import Turns
from services.dashboard_api.session import Limits
from tests.dashboard_api.site import until
from tests.dashboard_api.world import CENTRES, FUJIAN, World

SCREEN = Screen(elements.listed(FUJIAN), tuple(CENTRES), freshness.Thresholds())


class JumpingTime:
    """Whoever waits has waited: the clock jumps there, and never by itself."""

    def __init__(self) -> None:
        self.s = 100.0
        self.stands = False

    def now_s(self) -> float:
        """The time."""
        return self.s

    async def wait(self, news: asyncio.Event, until_s: float | None) -> None:
        """Jump there, unless there is news; no further while the clock stands."""
        await asyncio.sleep(0)
        if until_s is None:
            await news.wait()
        await until(lambda: not self.stands or news.is_set(), within_s=60)
        if until_s is not None and not news.is_set():
            self.s = max(self.s, until_s)


class Holder:
    """What a client holds of a replay, as docs/protocol.md tells it to."""

    def __init__(self) -> None:
        self.frames: dict[str, dict[str, Any]] = {}
        self.pushes: list[dict[str, Any]] = []
        self.gaps = 0

    def take(self, push: dict[str, Any]) -> None:
        """Take a push of a replay."""
        self.gaps += bool(self.pushes) and push["n"] != self.pushes[-1]["n"] + 1
        self.pushes.append(push)
        for panel, change in push["frames"].items():
            if "snapshot" in change:
                self.frames[panel] = change["snapshot"]
            else:
                self.frames[panel] = apply(self.frames[panel], change["patch"])
        for panel, frame in self.frames.items():
            self.frames[panel] = {**frame, "as_of": push["moment"]}

    @property
    def moments(self) -> list[datetime]:
        """What was shown."""
        return [msgspec.convert(push["moment"], datetime) for push in self.pushes]

    @property
    def states(self) -> list[str]:
        """The state with each push."""
        return [push["state"] for push in self.pushes]

    def kinds(self, panel: str) -> list[str | None]:
        """How a panel came with each push."""
        return [next(iter(push["frames"].get(panel, {})), None) for push in self.pushes]


class Looker(Holder):
    """A client without a socket; ``heard`` is called with each push, once it is taken."""

    def __init__(self, heard: Callable[[Looker], None] = lambda _: None) -> None:
        super().__init__()
        self.reading = True
        self._heard = heard

    def reads(self) -> bool:
        """Whether it takes what it is sent."""
        return self.reading

    def tell(self, message: bytes) -> None:
        """Take a push."""
        self.take(msgspec.json.decode(message))
        self._heard(self)

    async def told(self, pushes: int) -> None:
        """Wait for so many pushes."""
        await until(lambda: len(self.pushes) >= pushes)

    async def ended(self) -> None:
        """Wait for the end."""
        await until(lambda: self.pushes and self.states[-1] == "ended")


class Theatre:
    """Replays of a world, at a time of their own."""

    def __init__(self, world: World, *, readers: Readers | None = None, **limits: Any) -> None:
        self.world = world
        self.time = JumpingTime()
        self.reads = ReplayReads(
            readers or world.readers, world.progress, world.reads.first_heard, SCREEN
        )
        self.films = Films(self.reads, Turns())
        shared = Shared(self.films, self.time, world.metrics)
        self.replays = Replays(shared, world.progress, Limits(**limits))

    def begin(self, looker: Looker, wish: Replay, user: str = "somebody") -> Any:
        """Play, as plain JSON says where it stands."""
        return _plain(self.replays.begin(looker, user, looker, wish))

    def seek(self, looker: Looker, moment: datetime) -> Any:
        """Go to a moment."""
        return self._order(looker, seek=Seek(moment=moment))

    def pause(self, looker: Looker) -> Any:
        """Stay."""
        return self._order(looker, pause=Pause())

    def resume(self, looker: Looker, speed: int | None = None) -> Any:
        """Go on."""
        return self._order(looker, resume=Resume(speed=speed))

    def stop(self, looker: Looker) -> Any:
        """End."""
        return self._order(looker, stop=Stop())

    def _order(self, looker: Looker, **order: Any) -> Any:
        return _plain(self.replays.carry_out(looker, Command(id=1, **order)))


def _plain(value: object) -> Any:
    return msgspec.to_builtins(value)


def wish(org: str, panels: tuple[str, ...], from_: datetime, to: datetime, speed: int) -> Replay:
    """A wish for a replay."""
    return Replay(org=org, panels=list(panels), from_=from_, to=to, speed=speed)
