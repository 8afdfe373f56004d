"""What the wall shows when it opens, and to whom."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from schemas.elements import ELEMENTS
from tests.browser.conftest import CITY, Province
from tests.browser.screen import Screen
from tests.support.events import COUNTY, PROVINCE, STATION

TOKEN_FIELD = "令牌"


def test_opens_without_a_complaint(screen: Screen) -> None:
    """The page loads, draws its map and reaches nothing outside the server."""
    expect(screen.unit(CITY)).to_be_visible()
    expect(screen.page.locator("canvas").first).to_be_visible()
    screen.page.evaluate("document.fonts.ready")

    assert screen.complaints == []


@pytest.mark.parametrize("org", [PROVINCE, CITY, COUNTY, STATION])
def test_numbers_are_those_of_the_panels(screen: Screen, province: Province, org: str) -> None:
    """Each number on the screen is the one that the panel gives over HTTP."""
    screen.open(f"org={org}").wait_live()

    for name, element in ELEMENTS.items():
        panel = province.panel(org, name)
        expect(screen.total(name)).to_have_text(f"{panel['total']:,}")
        for status in element.statuses:
            if status.active:
                n = panel["statuses"].get(status.name, 0)
                expect(screen.status(name, status.name)).to_have_text(f"{n:,}")


def test_names_the_sources_that_send_and_those_that_do_not(screen: Screen) -> None:
    """Every source is on the first screen with its own state."""
    expect(screen.source(COUNTY)).to_have_attribute("data-state", "fresh")
    expect(screen.source("350205000000")).to_have_attribute("data-state", "never")


def test_takes_the_token_out_of_the_address_at_once(
    context: BrowserContext, province: Province
) -> None:
    """A token handed over in the address is kept, and does not stay where it could be read."""
    screen = Screen(context.new_page(), province.url)
    screen.open("element=case", token=province.wall_token)
    expect(screen.total("case")).to_have_text("1")

    assert screen.address == "#element=case"
    assert screen.page.evaluate("history.length") == 2
    screen.open("element=case")
    expect(screen.total("case")).to_have_text("1")


def test_asks_for_a_token_where_there_is_none(context: BrowserContext, province: Province) -> None:
    """Without a token nothing is shown; a wrong one is named as such; a right one opens."""
    page = context.new_page()
    page.goto(province.url)
    field = page.get_by_label(TOKEN_FIELD)
    field.fill("not-a-token")
    page.get_by_role("button", name="进入").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("令牌无效"))

    field.fill(province.wall_token)
    page.get_by_role("button", name="进入").click()
    Screen(page, province.url).wait_live()


def test_shows_no_more_than_the_token_may_see(context: BrowserContext, province: Province) -> None:
    """A county's wall begins at the county, whatever the address asks for."""
    token = province.server.token(COUNTY, "wall")
    screen = Screen(context.new_page(), province.url).open(f"org={CITY}", token=token).wait_live()

    expect(screen.page.get_by_label("位置").get_by_role("button")).to_have_text(["思明区"])
    expect(screen.total("person")).to_have_text("2")
