"""The replay bar: any moment comes back, by mouse and by keyboard, and nobody takes it for now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, expect

from schemas.elements import ELEMENTS
from tests.browser.conftest import CITY, Province, a_small_province
from tests.browser.past import expected, load_past
from tests.browser.screen import HISTORY, LIVE, NUMBER, REPLAY, Screen
from tests.support.events import PROVINCE
from tests.support.server import Server

VIOLET = "rgb(185, 156, 255)"
END = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """A served province with some days behind it."""
    with Server(tmp_path_factory.mktemp("replay") / "data") as server:
        province = Province(server)
        load_past(province, END)
        a_small_province(province)
        yield province


def iso(moment: datetime) -> str:
    """As the address has it."""
    return moment.isoformat().replace("+00:00", "Z")


def moment_in(screen: Screen) -> datetime:
    """The moment in the address."""
    assert screen.at is not None
    return datetime.fromisoformat(screen.at)


THEN = iso(END - timedelta(hours=31))


@pytest.mark.parametrize("hours", [47.5, 20])
def test_a_moment_in_the_address_shows_what_was_known_then(
    screen: Screen, province: Province, hours: float
) -> None:
    """Every number is that of the panel at that moment."""
    at = iso(END - timedelta(hours=hours))
    screen.open(f"at={at}").wait_past()
    for name, element in ELEMENTS.items():
        frame = expected(province, PROVINCE, name, at)
        expect(screen.total(name)).to_have_text(f"{frame['total']:,}")
        for status in element.statuses:
            if status.active:
                n = frame["statuses"].get(status.name, 0)
                expect(screen.status(name, status.name)).to_have_text(f"{n:,}")

    assert screen.complaints == []


def test_history_cannot_be_taken_for_the_present(screen: Screen) -> None:
    """The word, the frame, the time and the handle all say so; live, nothing is violet."""
    live_time = screen.page.get_by_test_id("data-time").evaluate("e => getComputedStyle(e).color")
    assert VIOLET not in (screen.frame_colour, live_time)
    screen.open(f"at={THEN}").wait_past()

    expect(screen.trust).to_have_text(HISTORY)
    assert screen.frame_colour == VIOLET
    time = screen.page.get_by_test_id("data-time")
    assert time.evaluate("e => getComputedStyle(e).color") == VIOLET
    expect(screen.page.get_by_role("banner")).to_contain_text("当时所知")
    expect(screen.track).to_contain_text(re.compile(r"\d\d-\d\d \d\d:\d\d:\d\d"))


def test_the_address_holds_the_moment(screen: Screen) -> None:
    """Reload, back and forward lead through moments as through places."""
    screen.open(f"at={THEN}").wait_past()
    number = screen.total("person").inner_text()
    screen.page.reload()
    screen.wait_past()
    expect(screen.total("person")).to_have_text(number)
    screen.unit(CITY).click()
    screen.expect_org(CITY)
    assert screen.at == THEN
    screen.page.get_by_test_id("back-to-live").click()
    expect(screen.trust).to_have_text(LIVE)
    assert "at=" not in screen.address
    screen.page.go_back()
    screen.wait_past()
    assert screen.at == THEN
    screen.page.go_forward()

    expect(screen.trust).to_have_text(LIVE)


def test_a_place_before_the_hash_is_understood(screen: Screen, province: Province) -> None:
    """``?org=&panel=&at=`` is moved behind the #, where no server hears of it."""
    screen.page.goto(f"{province.url}/?org={CITY}&panel=case&at={THEN}&profile=city")
    screen.wait_past()

    assert screen.page.url.split("#")[0] == f"{province.url}/?profile=city"
    assert screen.address == f"#org={CITY}&panel=case&at={THEN}"
    expect(screen.page.locator("section.chosen")).to_have_attribute("data-element", "case")


def test_the_track_is_clicked_and_dragged(screen: Screen, province: Province) -> None:
    """A click shows the moment under the pointer; a drag follows it and is one step back."""
    box = screen.track.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    screen.page.mouse.click(box["x"] + box["width"] * 0.8, middle)
    screen.wait_past()
    clicked = moment_in(screen)
    assert abs((datetime.now(UTC) - clicked) - timedelta(days=7 * 0.2)) < timedelta(hours=2)
    screen.page.mouse.move(box["x"] + box["width"] * 0.8, middle)
    screen.page.mouse.down()
    for share in (0.82, 0.85, 0.9):
        screen.page.mouse.move(box["x"] + box["width"] * share, middle)
    screen.page.mouse.up()
    screen.until(lambda: moment_in(screen) > clicked + timedelta(hours=12))
    screen.wait_past()
    frame = expected(province, PROVINCE, "person", str(screen.at))

    expect(screen.total("person")).to_have_text(f"{frame['total']:,}")
    assert screen.complaints == []


def test_keys_lead_through_time(screen: Screen) -> None:
    """Arrows step, Shift steps further, PageUp a day, Home to the start, End back to live."""
    keyboard = screen.page.keyboard
    keyboard.press("PageUp")
    screen.wait_past()
    screen.until(lambda: screen.at is not None)
    first = moment_in(screen)
    keyboard.press("ArrowLeft")
    screen.until(lambda: moment_in(screen) == first - timedelta(minutes=10))
    keyboard.press("Shift+ArrowRight")
    screen.until(lambda: moment_in(screen) == first + timedelta(minutes=50))
    keyboard.press("Home")
    screen.until(lambda: moment_in(screen) < first - timedelta(days=5))
    keyboard.press("End")

    expect(screen.trust).to_have_text(LIVE)
    assert "at=" not in screen.address
    assert screen.complaints == []


def test_a_moment_is_typed(screen: Screen) -> None:
    """By the key G, on the clock of the wall; the wall's own keys are letters while it is typed."""
    screen.open().wait_live()
    screen.page.keyboard.press("g")
    field = screen.page.get_by_test_id("moment-field")
    expect(field).to_be_focused()
    then = (END - timedelta(hours=31)).astimezone(ZoneInfo("Asia/Shanghai"))
    field.fill(then.strftime("%Y-%m-%dT%H:%M:%S"))
    field.press("l")
    field.press("Enter")

    screen.wait_past()
    assert moment_in(screen) == then
    assert screen.page.locator("html").get_attribute("lang") == "zh-CN"
    assert screen.complaints == []


def test_the_moment_field_is_left_by_escape(screen: Screen) -> None:
    """And nothing else closes with it."""
    screen.open("list=open").wait_live()
    screen.page.keyboard.press("g")
    field = screen.page.get_by_test_id("moment-field")
    field.press("Escape")

    expect(field).to_have_count(0)
    expect(screen.list).to_be_visible()
    assert screen.at is None


def test_the_slider_tells_a_reader_where_it_stands(screen: Screen) -> None:
    """The track can be focused and says its moment in words."""
    screen.open(f"at={THEN}").wait_past()
    screen.track.focus()
    expect(screen.track).to_have_attribute("aria-valuetext", re.compile(r"^\d{4}-\d\d-\d\d "))


def test_plays_faster_and_stands_where_it_is_paused(screen: Screen, province: Province) -> None:
    """Playing moves the numbers with the time; paused, they are those of the moment shown."""
    start = END - timedelta(hours=31)
    screen.open(f"at={iso(start)}").wait_past()
    screen.page.get_by_role("button", name="×600").click()
    screen.page.keyboard.press("Space")
    expect(screen.trust).to_have_text(REPLAY)
    screen.until(lambda: moment_in(screen) > start + timedelta(minutes=20))
    screen.page.keyboard.press("Space")
    screen.wait_past()
    screen.page.wait_for_timeout(600)
    at = str(screen.at)
    expect(screen.total("person")).to_have_text(
        f"{expected(province, PROVINCE, 'person', at)['total']:,}"
    )

    assert datetime.fromisoformat(at) > start + timedelta(minutes=20)
    assert screen.complaints == []


def test_a_replay_follows_to_another_place(screen: Screen) -> None:
    """Drilling while it plays goes on playing there."""
    start = END - timedelta(hours=47)
    screen.open(f"at={iso(start)}").wait_past()
    screen.page.get_by_test_id("play").click()
    expect(screen.trust).to_have_text(REPLAY)
    screen.unit(CITY).click()
    screen.expect_org(CITY)
    expect(screen.total("person")).to_have_text(NUMBER)

    expect(screen.trust).to_have_text(REPLAY)
    screen.page.get_by_test_id("back-to-live").click()
    expect(screen.trust).to_have_text(LIVE)
    assert screen.complaints == []


def test_the_present_can_be_held(screen: Screen) -> None:
    """Pause, live: the newest moment stays while the facts go on."""
    screen.page.get_by_test_id("play").click()
    screen.wait_past()

    assert datetime.now(UTC) - moment_in(screen) < timedelta(minutes=1)


def test_a_cut_leaves_the_past_as_it_is(screen: Screen, province: Province) -> None:
    """A past moment does not grow old, and the screen says that it is cut off."""
    screen.open(f"at={THEN}").wait_past()
    number = screen.total("person").inner_text()
    screen.page.context.set_offline(True)
    expect(screen.trust).to_contain_text("已断线")
    expect(screen.total("person")).to_have_text(number)
    screen.page.context.set_offline(False)

    expect(screen.trust).not_to_contain_text("已断线")


def test_a_moment_of_the_future_is_the_newest(screen: Screen) -> None:
    """Nobody is shown what is not known yet."""
    screen.open("at=2100-01-01T00:00:00Z").wait_past()

    screen.until(lambda: moment_in(screen) <= datetime.now(UTC))


def test_movement_can_be_spared(context: BrowserContext, province: Province) -> None:
    """Whoever asks for less motion gets none."""
    page = context.new_page()
    page.emulate_media(reduced_motion="reduce")
    screen = Screen(page, province.url).open(token=province.wall_token).wait_live()
    moving = page.evaluate(
        """() => [...document.querySelectorAll('*')].filter((e) => {
          const style = getComputedStyle(e);
          return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0;
        }).length"""
    )
    assert moving == 0
    assert screen.complaints == []
