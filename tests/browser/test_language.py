"""Chinese first, English by a switch."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import CITY
from tests.browser.screen import Screen

HAN = re.compile(r"[\u4e00-\u9fff]")


def test_begins_in_chinese(screen: Screen) -> None:
    """Unasked, the wall is Chinese and says so to the browser."""
    expect(screen.page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(screen.page.locator('[data-element="person"]')).to_contain_text("在区")


def test_turns_english_and_back(screen: Screen) -> None:
    """One click turns every word of the wall's own; names of places stay as they are."""
    screen.page.get_by_role("button", name="切换到英文").click()
    expect(screen.trust).to_have_text(re.compile("LIVE"))
    expect(screen.page.locator("html")).to_have_attribute("lang", "en")
    for text in screen.page.locator(".statuses, .strip, footer").all_inner_texts():
        assert not HAN.search(text.replace("中", ""))
    assert "lang=en" in screen.address

    screen.page.get_by_role("button", name="Switch to Chinese").click()
    expect(screen.page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_keeps_the_language_while_drilling(screen: Screen) -> None:
    """The language goes along to another organisation and over a reload."""
    screen.open("lang=en").wait_live()
    screen.unit(CITY).click()
    screen.expect_org(CITY)
    screen.page.reload()

    expect(screen.page.locator("html")).to_have_attribute("lang", "en")
