"""A wall whose dashboard is killed comes back to the other one: to all of it, never to a half."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from websockets.sync.client import ClientConnection, connect

from schemas.elements import ELEMENTS
from tests.dashboard_api.wall import Wall
from tests.support.cluster import PROVINCE, Cluster
from tests.support.service import Service
from tests.support.traffic import Traffic

Settle = Callable[[], None]
PATCHES = 3
WAIT_S = 60.0


class Socket:
    """A socket of one dashboard that keeps what a wall holds."""

    def __init__(self, connection: ClientConnection, wall: Wall) -> None:
        self._connection = connection
        self._wall = wall
        self._last = 0

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """The answer to a command; pushes that come before it go to the wall."""
        self._last += 1
        self._connection.send(msgspec.json.encode({"id": self._last, **command}).decode())
        while (message := self._next()).get("id") != self._last:
            self._wall.pushed(message)
        assert "ok" in message, message
        ok: dict[str, Any] = message["ok"]
        return ok

    def subscribe(self) -> list[dict[str, Any]]:
        """Subscribe to all elements, from where the wall is if it holds their channels."""
        return [self._subscribe(element) for element in ELEMENTS]

    def _subscribe(self, element: str) -> dict[str, Any]:
        place: dict[str, Any] = {"panel": element, "org": PROVINCE}
        if at := self._wall.at.get(f"{element}/{PROVINCE}"):
            place |= dict(zip(("epoch", "offset"), at, strict=True))
        ok = self.ask({"subscribe": place})
        self._wall.answered(ok)
        return ok

    def follow(self, enough: Callable[[], bool]) -> None:
        """Take what is pushed until it is enough."""
        deadline = time.monotonic() + WAIT_S
        while not enough():
            assert time.monotonic() < deadline, self._wall.kinds
            self._wall.pushed(self._next())

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = msgspec.json.decode(self._connection.recv(WAIT_S))
        return message


@contextmanager
def opened(cluster: Cluster, dashboard: Service, wall: Wall) -> Iterator[Socket]:
    """A socket of a dashboard, authenticated and subscribed."""
    with connect(f"{dashboard.url.replace('http', 'ws')}/v1/live", max_size=None) as connection:
        socket = Socket(connection, wall)
        socket.ask({"auth": {"token": cluster.token("wall")}})
        yield socket


@pytest.fixture
def wall() -> Wall:
    """A wall that holds nothing yet."""
    return Wall()


@pytest.fixture
def watching(cluster: Cluster, load: Traffic, wall: Wall) -> Iterator[Socket]:
    """The wall at the first dashboard, with some patches taken: at any hour something moves."""
    for dashboard in cluster.kind("dashboard"):
        dashboard.wait_ready()
    with opened(cluster, cluster["dashboard-1"], wall) as socket:
        socket.subscribe()
        socket.follow(lambda: wall.kinds.count("patch") >= PATCHES)
        yield socket


def test_wall_comes_back_to_the_other_dashboard(
    cluster: Cluster, wall: Wall, watching: Socket, settle: Settle
) -> None:
    """It gets the whole frame or every patch since, and then shows what all show."""
    cluster["dashboard-1"].kill()
    with opened(cluster, cluster["dashboard-2"], wall) as other:
        for ok in other.subscribe():
            assert ok["recovered"] is ("patches" in ok)
            assert ok["recovered"] is not ("snapshot" in ok)
        other.follow(lambda: wall.kinds.count("patch") >= 2 * PATCHES)
        cluster["dashboard-1"].start()
        settle()
        _shows_what_all_show(cluster, wall, other)


def test_walls_of_both_dashboards_hold_the_same(
    cluster: Cluster, wall: Wall, watching: Socket, settle: Settle
) -> None:
    """Two walls at two dashboards, fed by patches alone, end with the same frame."""
    second = Wall()
    with opened(cluster, cluster["dashboard-2"], second) as beside:
        beside.subscribe()

        settle()

        _shows_what_all_show(cluster, wall, watching)
        _shows_what_all_show(cluster, second, beside)
        assert _numbers(wall) == _numbers(second)


def _shows_what_all_show(cluster: Cluster, wall: Wall, socket: Socket) -> None:
    """Once nothing more comes in, the patched frame has the numbers of a frame asked anew."""
    for element in ELEMENTS:
        path = f"/v1/orgs/{PROVINCE}/panels/{element}"
        asked = _numbers_of(cluster["dashboard-2"].get(path, cluster.token("wall")))
        socket.follow(lambda: _numbers(wall)[element] == asked)  # noqa: B023 - called in this turn
    assert wall.gaps == 0


def _numbers(wall: Wall) -> dict[str, Any]:
    return {element: _numbers_of(wall.frames[f"{element}/{PROVINCE}"]) for element in ELEMENTS}


def _numbers_of(frame: dict[str, Any]) -> tuple[Any, Any, Any]:
    return frame["total"], frame["statuses"], frame["children"]
