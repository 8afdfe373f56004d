"""Chromium, and a served province with a few made-up facts in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.screen import WITHIN_MS, Screen
from tests.support.events import COUNTY, ELSEWHERE, PROVINCE, STATION, batch, event
from tests.support.server import Server

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CITY = "350200000000"
CASE = "A3502035000002026110001"
OTHER_STATION = "350203550000"

expect.set_options(timeout=WITHIN_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder drives the browser."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


class Province:
    """A server whose facts a test may add to, and the token of a wall for it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.wall_token = server.token(PROVINCE, "wall")
        self._sent = 0

    @property
    def url(self) -> str:
        """Where the wall is."""
        return self.server.url

    def post(self, *facts: dict[str, Any], org: str = COUNTY) -> None:
        """Send facts as a centre would; every one must be accepted."""
        answer = self.server.post(self.server.token(org, "centre"), batch(facts))
        assert [r["status"] for r in answer["results"]] == ["accepted"] * len(facts)

    def fact(
        self,
        type_: str,
        subject: str,
        data: dict[str, Any] | None = None,
        *,
        org: str = COUNTY,
        minutes_ago: float = 1,
    ) -> dict[str, Any]:
        """A fact that happened a while ago, at the station of the county or where told."""
        self._sent += 1
        home = {"org": STATION} if org == COUNTY else {}
        return event(
            type_,
            f"browser-{self._sent}",
            org=org,
            subject=subject,
            time=datetime.now(UTC) - timedelta(minutes=minutes_ago),
            data=home | (data or {}),
        )

    def admit(self, person: str, *, station: str = STATION) -> None:
        """A person comes into the handling area of a station of the county."""
        self.post(self.fact("person.admitted", person, {"org": station}))

    def panel(self, org: str, panel: str) -> Any:
        """The frame of a panel over HTTP."""
        return self.server.get(f"/v1/orgs/{org}/panels/{panel}", self.wall_token)


def a_small_province(province: Province) -> None:
    """One incident with its case, two persons, an item, a room and a dossier; one far away."""
    fact = province.fact
    case = {"case_no": CASE}
    province.post(
        fact("incident.received", "J3502035000002026110001", {"category": "殴打他人"},
             minutes_ago=95),
        fact("incident.dispatched", "J3502035000002026110001", minutes_ago=90),
        fact("incident.disposed", "J3502035000002026110001", case, minutes_ago=60),
        fact("case.accepted", CASE, {"jq_no": "J3502035000002026110001", "decision": "accept",
             "case_reason": "殴打他人"}, minutes_ago=55),
        fact("person.admitted", "R3502035000002026110934", case, minutes_ago=50),
        fact("person.searched", "R3502035000002026110934", minutes_ago=45),
        fact("person.moved", "R3502035000002026110934", {"to_kind": "waiting"}, minutes_ago=40),
        fact("person.admitted", "R3502035000002026111187", case | {"org": OTHER_STATION},
             minutes_ago=30),
        fact("property.seized", "W3502035000002026110031", case | {"name": "手机"},
             minutes_ago=48),
        fact("room.status_changed", "F350203500000-02", {"occupancy": 1, "capacity": 3},
             minutes_ago=40),
        fact("dossier.compiled", "D3502035000002026110001", case | {"missing": ["伤情鉴定"]},
             minutes_ago=20),
    )  # fmt: skip
    province.post(
        fact("incident.received", "J3501020000002026110001", org=ELSEWHERE), org=ELSEWHERE
    )


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """A served province in which something has happened."""
    with Server(tmp_path_factory.mktemp("province") / "data") as server:
        province = Province(server)
        a_small_province(province)
        yield province


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, for the tests of one file."""
    # Not for the whole session: while it lives its loop runs, and asyncio tests would not.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser profile that has seen nothing yet, for what changes it for all its pages."""
    context = _profile(chromium)
    yield context
    context.close()


@pytest.fixture(scope="module")
def shared(chromium: Browser) -> Iterator[BrowserContext]:
    """The profile of a file's screens: a page in a new one costs twice the time."""
    context = _profile(chromium)
    yield context
    context.close()


def _profile(chromium: Browser) -> BrowserContext:
    context = chromium.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(WITHIN_MS)
    return context


@pytest.fixture
def screen(shared: BrowserContext, province: Province) -> Iterator[Screen]:
    """A page that has the wall's token and shows the province, live; nothing is remembered."""
    page = shared.new_page()
    page.goto(f"{province.url}/healthz")
    page.evaluate("localStorage.clear()")
    yield Screen(page, province.url).open(token=province.wall_token).wait_live()
    page.close()
