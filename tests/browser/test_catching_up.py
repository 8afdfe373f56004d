"""A wall in front of which the facts of past days are sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Province
from tests.browser.screen import POLL_MS, WITHIN_MS, Screen
from tests.support.events import COUNTY, PROVINCE, STATION, batch, event
from tests.support.server import Server

STEP = timedelta(minutes=5)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """A served province in which nothing has happened."""
    with Server(tmp_path_factory.mktemp("owed") / "data") as server:
        yield Province(server)


def test_what_is_owed_is_told_while_it_comes(context: BrowserContext, province: Province) -> None:
    """Facts of earlier times come in: how far they are; the time left is not guessed at once."""
    screen = Screen(context.new_page(), province.url)
    screen.open(token=province.wall_token)
    told = screen.page.locator(".time .note")
    expect(told).to_contain_text("尚无数据")
    token = province.server.token(PROVINCE, "importer")
    received = datetime.now(UTC) - timedelta(hours=20)
    for n in range(WITHIN_MS // POLL_MS):
        received += STEP
        fact = event(
            "room.status_changed", f"owed-{n}", subject="F350203500000-01", time=received,
            org=COUNTY, data={"org": STATION, "occupancy": 1}, receivedtime=received.isoformat(),
        )  # fmt: skip
        province.server.post(token, batch([fact]))
        if "补录中" in told.inner_text():
            break
    expect(told).to_have_text(re.compile(r"^\s*补录中　已到\s+\d\d-\d\d \d\d:\d\d\s*$"))
    province.admit("R3502035000002026110001")
    expect(told).to_contain_text("最新一条")
