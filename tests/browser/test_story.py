"""The story of a case and of what belongs to it, step by step."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Province
from tests.browser.past import CASE, PERSONS, load_past
from tests.browser.screen import HISTORY, LIVE, Screen
from tests.support.events import COUNTY
from tests.support.server import Server

PRINTED_MS = 60_000
"""The first PDF of a server starts its printer."""

END = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """A served province with some days behind it."""
    with Server(tmp_path_factory.mktemp("story") / "data") as server:
        province = Province(server)
        load_past(province, END)
        province.admit("R-story-1")
        yield province


def opened(screen: Screen, thing: str, at: datetime | None = None) -> Screen:
    """The story of a thing, now or at a moment."""
    moment = "" if at is None else f"&at={at.isoformat().replace('+00:00', 'Z')}"
    screen.open(f"thing={thing}{moment}")
    return screen.wait_live() if at is None else screen.wait_past()


def made(screen: Screen) -> int:
    """How many steps were made at the moment in view."""
    return int(screen.page.get_by_test_id("step-count").locator("b").inner_text())


def six(screen: Screen) -> dict[str, str]:
    """What the six elements show, by name."""
    cells = screen.page.locator("[data-six]")
    return {
        str(cell.get_attribute("data-six")): cell.locator("div").inner_text().replace("\n", " ")
        for cell in cells.all()
    }


def test_a_case_shows_a_row_for_each_thing(screen: Screen) -> None:
    """Rows with their statuses, every event, both axes and each by itself."""
    opened(screen, f"case/{CASE}")
    timeline = screen.page.get_by_test_id("timeline")
    for name in ("警情", "人员", "财物", "案件", "卷宗"):
        expect(timeline.get_by_role("button", name=name).first).to_be_visible()
    expect(timeline).to_contain_text("入区登记")
    expect(timeline).to_contain_text("迟")
    for name in ("当时所知", "事实如此", "两轴"):
        button = timeline.get_by_role("button", name=name, exact=True)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")

    assert screen.complaints == []


def test_steps_lead_through_the_case(screen: Screen) -> None:
    """Step on and back, by button and by key; the whole page goes along and says: history."""
    opened(screen, f"case/{CASE}")
    total = made(screen)
    keyboard = screen.page.keyboard
    keyboard.press("ArrowLeft")
    expect(screen.trust).to_have_text(HISTORY)
    screen.until(lambda: made(screen) == total - 1)
    keyboard.press("Home")
    screen.until(lambda: made(screen) == 1)
    expect(screen.page.get_by_test_id("step")).to_contain_text("incident.received")
    screen.page.get_by_role("button", name="下一步").click()
    screen.until(lambda: made(screen) == 2)
    screen.page.get_by_role("button", name="上一步").click()
    screen.until(lambda: made(screen) == 1)
    keyboard.press("End")

    expect(screen.trust).to_have_text(LIVE)
    assert made(screen) == total
    assert screen.complaints == []


def test_the_six_elements_are_those_that_the_server_tells(
    screen: Screen, province: Province
) -> None:
    """At a past moment, as known then and as it was."""
    at = END - timedelta(hours=46.5)
    moment = at.isoformat().replace("+00:00", "Z")
    opened(screen, f"case/{CASE}", at)
    names = province.server.get("/v1/vocabulary", province.wall_token)["elements"]
    words = {e["name"]: {s["name"]: s["zh"] for s in e["statuses"]} for e in names}
    for button, axis in (("两轴", "received"), ("事实如此", "occurred")):
        screen.page.get_by_role("button", name=button, exact=True).click()
        story = province.server.get(
            f"/v1/cases/{CASE}/state?axis={axis}&as_of={moment}", province.wall_token
        )
        shown = six(screen)
        for element, things in story["elements"].items():
            statuses = sorted(words[element][thing["status"]] for thing in things)
            told = sorted(
                status
                for status, n in re.findall(r"(\S+) (\d+)", shown[element])
                for _ in range(int(n))
            )
            assert told == statuses, (axis, element)


def test_the_numbers_of_the_six_elements_open(screen: Screen) -> None:
    """Each opens as many things as it says, and each of those its own story."""
    opened(screen, f"case/{CASE}")
    numbers = screen.page.locator("[data-six] button")
    listed = screen.page.get_by_test_id("six-list").locator("li")
    expect(numbers.first).to_be_visible()
    for number in numbers.all():
        number.click()
        expect(listed).to_have_count(int(number.locator("b").inner_text()))
        number.click()
        expect(listed).to_have_count(0)
    screen.page.locator("[data-six=property] button").first.click()
    listed.first.get_by_role("button").click()

    screen.until(lambda: "thing=property/" in unquote(screen.address))
    assert screen.complaints == []


def test_plays_by_itself(screen: Screen) -> None:
    """Played, the case goes from step to step; paused, it stays."""
    opened(screen, f"case/{CASE}", END - timedelta(hours=49.5))
    before = made(screen)
    screen.page.keyboard.press("Space")
    screen.until(lambda: made(screen) >= before + 2)
    screen.page.keyboard.press("Space")
    stands = made(screen)
    screen.page.wait_for_timeout(1500)

    assert made(screen) == stands
    assert screen.complaints == []


def test_the_chart_can_be_scrubbed(screen: Screen) -> None:
    """Dragging over the rows moves the cut; what lies after it is dimmed."""
    opened(screen, f"case/{CASE}")
    row = screen.page.locator('[data-thing="case"] .track')
    box = row.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    screen.page.mouse.move(box["x"] + box["width"] * 0.6, y)
    screen.page.mouse.down()
    screen.page.mouse.move(box["x"] + box["width"] * 0.3, y)
    screen.page.mouse.up()
    expect(screen.trust).to_have_text(HISTORY)
    cut = screen.page.locator(".cut .line").bounding_box()

    assert cut is not None
    assert abs(cut["x"] - (box["x"] + box["width"] * 0.3)) < 6


def test_an_event_opens_into_its_evidence(screen: Screen) -> None:
    """One event shows its three times, what it says, and its place in the chain."""
    opened(screen, f"person/{PERSONS[0]}")
    events = screen.page.get_by_test_id("events")
    events.get_by_role("button", name="区内流转与定位").first.click()
    step = screen.page.get_by_test_id("step")

    expect(step).to_contain_text(f"/orgs/{COUNTY}")
    expect(step).to_contain_text("waiting")
    expect(step).to_contain_text("已核")
    assert screen.complaints == []


def test_a_late_entry_is_marked(screen: Screen) -> None:
    """What was received hours after it happened says how late it came."""
    opened(screen, f"person/{PERSONS[0]}")
    screen.page.get_by_test_id("events").get_by_role("button", name="讯问询问").first.click()

    expect(screen.page.get_by_test_id("step")).to_contain_text("迟")


def test_a_person_shows_both_clocks_and_the_stay(screen: Screen) -> None:
    """The clocks of the moment in view, and every step of the stay."""
    opened(screen, f"person/{PERSONS[0]}", END - timedelta(hours=45))
    clocks = screen.page.get_by_test_id("clocks")
    expect(clocks).to_contain_text("3:00 / 8:00")
    expect(clocks).to_contain_text("第九十七条")
    expect(clocks).to_contain_text("在区")
    expect(screen.page.get_by_test_id("stay")).to_contain_text("入区")
    assert screen.complaints == []


@pytest.mark.parametrize(
    ("thing", "part", "word"),
    [
        ("property/W3502035000002026110077", "custody", "入库"),
        ("dossier/D3502035000002026110077", "dossierLife", "缺材料"),
    ],
)
def test_an_item_and_a_dossier_show_their_way(
    screen: Screen, thing: str, part: str, word: str
) -> None:
    """Who held it when, and what is missing."""
    opened(screen, thing)

    expect(screen.page.get_by_test_id(part)).to_contain_text(word)


def test_persons_are_masked_everywhere(screen: Screen) -> None:
    """No whole person number stands on the page of a case."""
    opened(screen, f"case/{CASE}")
    expect(screen.details).to_contain_text("R******")

    assert not re.search(r"R\d{8}", screen.page.inner_text("body"))


def test_a_record_can_be_taken_along(screen: Screen) -> None:
    """JSON and PDF are handed to the browser as files."""
    opened(screen, f"case/{CASE}")
    with screen.page.expect_download() as told:
        screen.page.get_by_role("button", name="导出 JSON").click()
    record = json.loads(told.value.path().read_bytes())
    assert CASE in json.dumps(record)
    assert told.value.suggested_filename == f"{CASE}.json"
    with screen.page.expect_download(timeout=PRINTED_MS) as told:
        screen.page.get_by_role("button", name="导出 PDF").click()
    assert told.value.path().read_bytes().startswith(b"%PDF")
    assert screen.complaints == []


def test_reload_and_back_keep_the_step(screen: Screen) -> None:
    """The address holds the thing and the moment."""
    at = END - timedelta(hours=45)
    opened(screen, f"case/{CASE}", at)
    stands = made(screen)
    screen.page.reload()
    screen.wait_past()
    screen.until(lambda: made(screen) == stands)
    screen.page.locator('[data-thing="property"] button').first.click()
    expect(screen.page.get_by_test_id("custody")).to_be_visible()
    screen.page.go_back()

    screen.until(lambda: made(screen) == stands)
    assert f"thing=case/{CASE}" in screen.address
