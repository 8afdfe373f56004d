"""A wall that nobody sits at: put up by its address, never a form, and well again by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect

from tests.browser.conftest import CITY, Province
from tests.browser.layout import faults_of
from tests.browser.screen import LIVE, WITHIN_MS, Screen
from tests.support.events import COUNTY, PROVINCE

NIGHT_S = 25 * 3600


def put_up(
    context: BrowserContext, province: Province, setting: str, place: str = "", token: str = ""
) -> Screen:
    """A wall whose address says how it is put up."""
    page = context.new_page()
    screen = Screen(page, province.url)
    page.goto(f"{province.url}/?{setting}#token={token or province.wall_token}&{place}")
    return screen


@pytest.mark.parametrize("profile", ["province", "city", "county"])
@pytest.mark.parametrize("distance", ["near", "normal", "far"])
def test_every_profile_fits_at_every_distance(
    context: BrowserContext, province: Province, profile: str, distance: str
) -> None:
    """Nothing is cut off or runs together, whatever a wall is asked for."""
    place = {"province": PROVINCE, "city": CITY, "county": COUNTY}[profile]
    screen = put_up(
        context, province, f"profile={profile}&distance={distance}&kiosk=1", f"org={place}"
    ).wait_live()
    screen.page.evaluate("document.fonts.ready")

    assert faults_of(screen.page) == []
    assert screen.complaints == []


def test_the_setting_stays_while_one_drills(context: BrowserContext, province: Province) -> None:
    """A click changes the place behind the #, nothing before it."""
    screen = put_up(context, province, "profile=province&distance=far").wait_live()
    screen.unit(CITY).click()
    screen.expect_org(CITY)

    assert "?profile=province&distance=far#" in screen.page.url


def test_the_pointer_hides_and_comes_back(context: BrowserContext, province: Province) -> None:
    """It is gone until somebody moves it, and again some seconds after."""
    page = context.new_page()
    page.clock.install()
    page.goto(f"{province.url}/?kiosk=1#token={province.wall_token}")
    screen = Screen(page, province.url).wait_live()
    cursor = "getComputedStyle(document.querySelector('.page')).cursor"
    assert page.evaluate(cursor) == "none"
    page.mouse.move(300, 300)
    page.mouse.move(320, 320)
    screen.until(lambda: page.evaluate(cursor) != "none")
    page.clock.run_for(5000)

    screen.until(lambda: page.evaluate(cursor) == "none")


def test_a_refused_wall_shows_a_word_and_no_form(
    context: BrowserContext, province: Province
) -> None:
    """A token that is not taken: full screen, tried again by itself, and right once it is."""
    page = context.new_page()
    page.clock.install()
    page.goto(f"{province.url}/?kiosk=1#token=rubbish")
    expect(page.get_by_role("alert")).to_contain_text("令牌已失效")
    assert page.locator("textarea, input").count() == 0
    page.evaluate("token => localStorage.setItem('yiping.token', token)", province.wall_token)
    for _ in range(31):
        page.clock.run_for(1000)

    expect(page.get_by_test_id("trust")).to_have_text(LIVE)


def test_loads_itself_anew_in_the_night(context: BrowserContext, province: Province) -> None:
    """Once a day, at the hour that its address names; a page at a desk does not."""
    page = context.new_page()
    page.clock.install()
    page.goto(f"{province.url}/?kiosk=1&reload=4#token={province.wall_token}&org={CITY}")
    screen = Screen(page, province.url).wait_live()
    page.evaluate("window.before = true")
    with page.expect_navigation():
        page.clock.fast_forward(NIGHT_S * 1000)
    screen.wait_live()

    assert page.evaluate("window.before") is None
    assert f"org={CITY}" in screen.address


def test_takes_the_wall_of_a_newer_server(context: BrowserContext, province: Province) -> None:
    """A server that greets with another version: the page loads itself anew."""
    page = context.new_page()
    versions = ["0.1.0", "9.9.9"]

    def between(route):  # type: ignore[no-untyped-def]
        server = route.connect_to_server()
        routes.append(route)

        def down(text: str) -> None:
            if '"heartbeat_s"' in text and versions:
                text = re.sub(r'"server":"[^"]*"', f'"server":"{versions.pop(0)}"', text)
            route.send(text)

        server.on_message(down)

    routes: list[object] = []
    page.route_web_socket(re.compile(r"/v1/live$"), between)
    screen = Screen(page, province.url).open(token=province.wall_token).wait_live()
    page.evaluate("window.before = true")
    with page.expect_navigation(timeout=WITHIN_MS):
        routes[-1].close(code=3001)  # type: ignore[attr-defined]
    screen.wait_live()

    assert page.evaluate("window.before") is None


def test_a_kiosk_has_no_hints(chromium: Browser, province: Province) -> None:
    """No switch of language and no export: nobody is there to press them."""
    context = chromium.new_context(viewport=ViewportSize(width=1920, height=1080))
    screen = put_up(context, province, "kiosk=1").wait_live()

    expect(screen.page.get_by_role("button", name="切换到英文")).to_have_count(0)
    context.close()
