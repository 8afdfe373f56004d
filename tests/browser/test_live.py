"""The wall moves with the facts, and never passes off the past as the present."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, WebSocketRoute, expect

from schemas.elements import ELEMENTS
from tests.browser.conftest import Province, a_small_province
from tests.browser.screen import LIVE, RECONNECTING, STALE, STOPPED, Screen
from tests.support.events import COUNTY
from tests.support.server import Server

PANELS = (*ELEMENTS, "freshness")
STALE_S = 31
EXPIRED_S = 300
YELLOW = "rgb(242, 193, 78)"
SOCKET = re.compile(r"/v1/live$")
FILLS = """
(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Map();
  for (const colour of new Uint32Array(data.buffer))
    pixels.set(colour, (pixels.get(colour) ?? 0) + 1);
  return [...pixels].filter(([, n]) => n >= 20).map(([colour]) => colour);
}
"""


class Wire:
    """Stands between the wall and the server's socket: listens, cuts, holds back."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answered: list[dict[str, Any]] = []
        self.pushed: list[dict[str, Any]] = []
        self.drop_next_patch = False
        self.routes: list[WebSocketRoute] = []

    def between(self, route: WebSocketRoute) -> None:
        """The handler of a routed socket."""
        server = route.connect_to_server()
        self.routes.append(route)
        route.on_message(lambda text: self._up(server, text))
        server.on_message(lambda text: self._down(route, text))

    def cut(self, code: int) -> None:
        """Close the wall's socket as the server would."""
        self.routes[-1].close(code=code)

    def _up(self, server: WebSocketRoute, text: str | bytes) -> None:
        self.asked.append(json.loads(text))
        server.send(text)

    def _down(self, route: WebSocketRoute, text: str | bytes) -> None:
        message = json.loads(text)
        if message.get("push") == "patch" and self.drop_next_patch:
            self.drop_next_patch = False
            return
        (self.pushed if "push" in message else self.answered).append(message)
        route.send(text)

    def recoveries(self) -> list[dict[str, Any]]:
        """Answers that gave the missed patches, not the whole."""
        return [m["ok"] for m in self.answered if m.get("ok", {}).get("recovered")]


@pytest.fixture
def wire() -> Wire:
    """What stands between the wall and its server."""
    return Wire()


@pytest.fixture
def watched(context: BrowserContext, province: Province, wire: Wire) -> Screen:
    """A live wall whose socket runs through ``wire``."""
    page = context.new_page()
    page.route_web_socket(SOCKET, wire.between)
    return Screen(page, province.url).open(token=province.wall_token).wait_live()


def number(screen: Screen, element: str = "person") -> int:
    """The number of an element as it is on the screen."""
    return int(screen.total(element).inner_text().replace(",", ""))


def test_a_posted_fact_changes_the_number(screen: Screen, province: Province) -> None:
    """A person who comes in is counted on the screen without a reload."""
    before = number(screen)
    province.admit("R-live-1")

    expect(screen.total("person")).to_have_text(f"{before + 1:,}")
    expect(screen.unit("350200000000").locator("b")).to_have_text(f"{before + 1:,}")
    assert screen.complaints == []


def test_the_map_follows_the_numbers(screen: Screen, province: Province) -> None:
    """A county is painted again by itself; the map is then what a page opened now shows."""
    before = fills(screen)
    for n in range(5):
        shown = number(screen)
        province.admit(f"R-map-{n}")
        expect(screen.total("person")).to_have_text(f"{shown + 1:,}")

    screen.until(lambda: fills(screen) != before)
    settled = screen.total("person").inner_text()
    screen.page.wait_for_timeout(500)
    painted = fills(screen)
    screen.page.reload()
    screen.wait_live()

    expect(screen.total("person")).to_have_text(settled)
    screen.until(lambda: fills(screen) == painted)
    assert painted != before


def fills(screen: Screen) -> set[int]:
    """The colours that areas of the map have; those along an edge are each of a few pixels."""
    return set(screen.page.locator(".map canvas").first.evaluate(FILLS))


def test_a_list_follows(screen: Screen, province: Province) -> None:
    """An open list that nobody has scrolled shows a new thing by itself."""
    screen.total("person").click()
    expect(screen.list.locator("li")).to_have_count(number(screen))
    province.admit("R-live-2")

    expect(screen.list.locator("li").filter(has_text="ve-2")).to_have_count(1)


def test_a_cut_socket_recovers_what_was_missed(
    watched: Screen, province: Province, wire: Wire
) -> None:
    """After a cut the wall says so, asks from where it stood, and shows what came meanwhile."""
    before = number(watched)
    wire.cut(3001)
    expect(watched.trust).to_have_text(RECONNECTING)
    province.admit("R-live-3")

    expect(watched.trust).to_have_text(LIVE)
    expect(watched.total("person")).to_have_text(f"{before + 1:,}")
    assert len(wire.recoveries()) == len(PANELS)


def test_a_lost_patch_is_noticed_and_fetched(
    watched: Screen, province: Province, wire: Wire
) -> None:
    """When a patch is lost on the way, the next one shows the gap and the wall asks for both."""
    before = number(watched)
    wire.drop_next_patch = True
    province.admit("R-live-4")
    watched.until(lambda: not wire.drop_next_patch)
    province.admit("R-live-5")

    expect(watched.total("person")).to_have_text(f"{before + 2:,}")
    watched.until(lambda: wire.recoveries() != [])
    expect(watched.total("person")).to_have_text(f"{before + 2:,}")


def test_an_order_to_stop_is_obeyed(
    context: BrowserContext, province: Province, wire: Wire
) -> None:
    """After a code of 3500 and above the wall does not come back by itself."""
    page = context.new_page()
    page.clock.install()
    page.route_web_socket(SOCKET, wire.between)
    screen = Screen(page, province.url).open(token=province.wall_token).wait_live()
    wire.cut(3503)
    expect(screen.trust).to_have_text(STOPPED)
    page.clock.run_for(60_000)

    expect(screen.trust).to_have_text(STOPPED)
    assert len(wire.routes) == 1


@pytest.fixture
def own_province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """A served province that a test may kill."""
    with Server(tmp_path_factory.mktemp("killed") / "data") as server:
        province = Province(server)
        a_small_province(province)
        yield province


def test_a_killed_server_leaves_no_false_number(
    context: BrowserContext, own_province: Province
) -> None:
    """While the server is gone the wall says so; once it is back the numbers are whole."""
    screen = Screen(context.new_page(), own_province.url)
    screen.open(token=own_province.wall_token).wait_live()
    own_province.server.kill()
    expect(screen.trust).to_have_text(RECONNECTING)
    own_province.server.start()
    own_province.admit("R-live-6")

    expect(screen.trust).to_have_text(LIVE)
    expect(screen.total("person")).to_have_text("3")


def test_data_older_than_half_a_minute_is_called_stale(
    context: BrowserContext, province: Province
) -> None:
    """Cut off, the wall says: stale. Numbers stay, greyed, for five minutes, and then are gone."""
    page = context.new_page()
    page.clock.install()
    screen = Screen(page, province.url).open(token=province.wall_token).wait_live()
    before = number(screen)
    white = colour(screen)
    context.set_offline(True)
    expect(screen.trust).to_have_text(RECONNECTING)
    assert number(screen) == before
    page.clock.fast_forward(STALE_S * 1000)

    expect(screen.trust).to_have_text(STALE)
    assert number(screen) == before
    assert colour(screen) != white
    assert screen.frame_colour == YELLOW
    expect(screen.source(COUNTY)).to_have_attribute("data-state", "unknown")
    page.clock.fast_forward(EXPIRED_S * 1000)
    expect(screen.total("person")).to_have_text("—")
    expect(screen.status("person", "waiting")).to_have_text("—")
    expect(screen.unit("350200000000").locator("b")).to_have_text("—")
    context.set_offline(False)
    expect(screen.trust).to_have_text(LIVE)
    expect(screen.total("person")).to_have_text(re.compile(r"^\d+$"))


def colour(screen: Screen) -> str:
    """In which colour the number of persons is written."""
    return str(screen.total("person").evaluate("e => getComputedStyle(e).color"))


def test_a_cut_of_half_a_minute_loses_nothing(context: BrowserContext, province: Province) -> None:
    """What was open before the cut, and the day's line, are there during it and after it."""
    page = context.new_page()
    page.clock.install()
    screen = Screen(page, province.url)
    screen.open(f"org={COUNTY}&element=case&list=all", token=province.wall_token).wait_live()
    expect(screen.list.locator("li")).to_have_count(number(screen, "case"))
    address, rows = screen.address, screen.list.locator("li").all_inner_texts()
    context.set_offline(True)
    page.clock.fast_forward(STALE_S * 1000)
    expect(screen.trust).to_have_text(STALE)
    names = [row.split("\n")[0] for row in rows]
    assert [r.split("\n")[0] for r in screen.list.locator("li").all_inner_texts()] == names
    context.set_offline(False)

    expect(screen.trust).to_have_text(LIVE)
    assert screen.address == address
    assert [r.split("\n")[0] for r in screen.list.locator("li").all_inner_texts()] == names


def test_a_county_that_never_sent_has_no_numbers(screen: Screen) -> None:
    """Nothing known is a dash, not a zero."""
    screen.open("org=350205000000")
    expect(screen.trust).to_have_text(LIVE)

    expect(screen.total("person")).to_have_text("—")
