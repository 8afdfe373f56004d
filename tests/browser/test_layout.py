"""Nothing is cut off, run together or off the screen, on any screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.conftest import CASE, CITY, Province
from tests.browser.layout import faults_of, smallest_text
from tests.browser.screen import WITHIN_MS, Screen
from tests.support.events import COUNTY, PROVINCE

SCREENS = [
    pytest.param((1366, 768), 1.0, id="1366x768"),
    pytest.param((1920, 1080), 1.0, id="1920x1080"),
    pytest.param((3840, 2160), 1.0, id="3840x2160"),
    pytest.param((3840, 1080), 1.0, id="32:9"),
    pytest.param((1536, 864), 1.25, id="ratio-1.25"),
    pytest.param((1280, 720), 1.5, id="ratio-1.5"),
]
VIEWS = [
    f"org={PROVINCE}",
    f"org={CITY}&element=case",
    f"org={COUNTY}&element=incident",
    f"org={PROVINCE}&element=place&list=all",
    f"org={PROVINCE}&element=case&thing=case/{CASE}",
]
# The second size of WALL: 28 px at 3840 × 2160, where a rem is 20 px.
SMALLEST_REM = 1.39


@pytest.mark.parametrize(("size", "ratio"), SCREENS)
def test_every_view_fits(
    chromium: Browser, province: Province, size: tuple[int, int], ratio: float
) -> None:
    """All views, in both languages, at one size and pixel ratio."""
    viewport = ViewportSize(width=size[0], height=size[1])
    context = chromium.new_context(viewport=viewport, device_scale_factor=ratio)
    context.set_default_timeout(WITHIN_MS)
    screen = Screen(context.new_page(), province.url).open(token=province.wall_token).wait_live()
    rem = min(size[0] / 192, size[1] / 108)
    faults: list[str] = []
    for view in VIEWS:
        screen.open(f"{view}&lang=zh").wait_live()
        if "list=" in view:
            expect(screen.list).to_be_visible()
        for language, told in (("zh", "zh-CN"), ("en", "en")):
            screen.page.evaluate("to => { location.hash = to }", f"{view}&lang={language}")
            expect(screen.page.locator("html")).to_have_attribute("lang", told)
            screen.page.evaluate("document.fonts.ready")
            faults += [f"{view} {language}: {fault}" for fault in faults_of(screen.page)]
            assert smallest_text(screen.page) >= SMALLEST_REM * rem
    context.close()

    assert faults == []


def test_the_page_follows_its_window(screen: Screen) -> None:
    """A window that is resized is laid out anew, canvases included."""
    screen.page.set_viewport_size({"width": 1366, "height": 768})
    expect(screen.unit(CITY)).to_be_visible()
    canvas = screen.page.locator(".map canvas").first
    screen.until(lambda: canvas.evaluate("c => c.width === c.clientWidth"))

    assert faults_of(screen.page) == []
