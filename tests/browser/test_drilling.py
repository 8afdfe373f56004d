"""Every number opens into what is behind it, and the address tells where one is."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import CITY
from tests.browser.screen import Screen
from tests.support.events import COUNTY, PROVINCE, STATION


def test_drills_from_the_province_to_one_thing(screen: Screen) -> None:
    """Province, city, county, its list, one person: each by one click."""
    screen.unit(CITY).click()
    screen.expect_org(CITY)
    expect(screen.total("person")).to_have_text("2")
    screen.unit(COUNTY).click()
    screen.expect_org(COUNTY)
    expect(screen.list.locator("li")).to_have_count(2)
    screen.list.locator("li button").filter(has_text="0934").click()
    expect(screen.details).to_contain_text("R******0934")

    assert "R3502035000002026110934" in screen.address
    assert screen.complaints == []


def test_a_region_opens_where_it_is_clicked(screen: Screen) -> None:
    """The map itself can be clicked, not only the names upon it."""
    name = screen.unit("350400000000")
    box = name.bounding_box()
    assert box is not None
    screen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] + 15)

    screen.expect_org("350400000000")


def test_a_station_opens_from_its_county(screen: Screen) -> None:
    """The county lists its stations with their numbers; one opens into its own."""
    screen.open(f"org={COUNTY}").wait_live()
    row = screen.unit(STATION)
    expect(row.locator("b")).to_have_text("1")
    row.click()

    screen.expect_org(STATION)
    expect(screen.total("person")).to_have_text("1")


def test_a_number_opens_its_list(screen: Screen) -> None:
    """The number of an element lists its things; that of a status only those in it."""
    screen.total("person").click()
    expect(screen.list.locator("li")).to_have_count(2)
    screen.status("person", "waiting").click()
    expect(screen.list.locator("li")).to_have_count(1)
    expect(screen.list.locator("li")).to_contain_text("等候")

    assert "list=waiting" in screen.address


def test_persons_are_masked_in_lists(screen: Screen) -> None:
    """A list shows no whole person number."""
    screen.total("person").click()
    expect(screen.list.locator("li")).to_have_count(2)

    assert not re.search(r"R\d{6}", screen.list.inner_text())


def test_the_address_brings_back_what_was_seen(screen: Screen) -> None:
    """Reload, back and forward restore organisation, element, list and language."""
    screen.unit(CITY).click()
    screen.expect_org(CITY)
    screen.page.keyboard.press("4")
    screen.total("case").click()
    expect(screen.list.locator("li")).to_have_count(1)
    address = screen.address
    assert address == f"#org={CITY}&element=case&list=all"

    screen.page.reload()
    screen.wait_live()
    expect(screen.list.locator("li")).to_have_count(1)
    screen.page.go_back()
    expect(screen.list).to_have_count(0)
    screen.page.go_back()
    screen.page.go_back()
    expect(screen.unit(CITY)).to_be_visible()
    for _ in range(3):
        screen.page.go_forward()
    expect(screen.list.locator("li")).to_have_count(1)
    assert screen.address == address


def test_the_keyboard_reaches_what_the_pointer_does(screen: Screen) -> None:
    """Names on the map can be focused and entered; Backspace goes up, Esc closes."""
    screen.unit(CITY).focus()
    screen.page.keyboard.press("Enter")
    screen.expect_org(CITY)
    screen.page.keyboard.press("Backspace")
    screen.expect_org(PROVINCE)
    screen.total("person").focus()
    screen.page.keyboard.press("Enter")
    expect(screen.list).to_be_visible()
    screen.page.keyboard.press("Escape")
    expect(screen.list).to_have_count(0)


def test_the_focus_can_be_seen(screen: Screen) -> None:
    """Whatever the Tab key reaches has an outline."""
    for _ in range(12):
        screen.page.keyboard.press("Tab")
        style = screen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style == "solid"
