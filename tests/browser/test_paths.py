"""From the province's number to the events behind it, and every number as long as its list."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Province, a_small_province
from tests.browser.past import load_past
from tests.browser.screen import Screen
from tests.support.server import Server

MOST_CLICKS = 5
PATHS = 2
"""Random paths for each moment."""
END = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """A served province with some days behind it."""
    with Server(tmp_path_factory.mktemp("paths") / "data") as server:
        province = Province(server)
        load_past(province, END)
        a_small_province(province)
        yield province


MOMENTS = [None, *(END - timedelta(hours=h) for h in (47.5, 31, 20.25, 6.1))]


def iso(moment: datetime) -> str:
    """As the address has it."""
    return moment.isoformat().replace("+00:00", "Z")


class Walk:
    """One way down, chosen by chance among what can be clicked and is not zero."""

    def __init__(self, screen: Screen, chance: random.Random) -> None:
        self.screen = screen
        self.chance = chance
        self.clicks = 0

    def click(self, target: Locator) -> None:
        """One click of the at most five."""
        target.click()
        self.clicks += 1

    def places(self) -> list[Locator]:
        """The places below with a number above zero."""
        found = self.screen.page.locator("button.label[data-org], ol[data-testid=units] [data-org]")
        return [
            place
            for place in found.all()
            if place.locator("b").inner_text().replace(",", "") not in ("0", "—")
        ]

    def go_down(self) -> None:
        """To a place below, whose number there is the one that it had here."""
        places = self.places()
        if not places or self.chance.random() < 0.3:
            return
        place = self.chance.choice(places)
        number = int(place.locator("b").inner_text())
        code = place.get_attribute("data-org")
        self.click(place)
        self.screen.expect_org(str(code))
        element = self.screen.page.locator("section.chosen").get_attribute("data-element")
        expect(self.screen.total(str(element))).to_have_text(f"{number:,}")

    def numbers(self) -> list[Locator]:
        """Every number of an element or a status that is not zero."""
        found = self.screen.page.locator("[data-testid^=total-], [data-testid^=status-]")
        return [one for one in found.all() if one.inner_text() not in ("0", "—")]

    def open_number(self) -> None:
        """A number: its list is as long."""
        number = self.chance.choice(self.numbers())
        shown = self.screen.number(number)
        self.click(number)
        expect(self.screen.list.locator("li")).to_have_count(shown)
        expect(self.screen.page.get_by_test_id("list-length")).to_have_text(f"{shown:,}")

    def open_thing(self) -> None:
        """One of the list: the events behind it are there, with their evidence."""
        rows = self.screen.list.locator("li button")
        self.click(rows.nth(self.chance.randrange(rows.count())))
        expect(self.screen.page.get_by_test_id("events").locator("li").first).to_be_visible()
        expect(self.screen.page.get_by_test_id("step")).to_contain_text("/orgs/")


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda m: "live" if m is None else f"{m:%d-%H%M}")
def test_five_clicks_lead_from_a_number_to_its_events(
    screen: Screen, moment: datetime | None
) -> None:
    """Random ways down, live and at past moments; each number is the length of its list."""
    chance = random.Random(f"{moment and (END - moment)}")
    for _ in range(PATHS):
        element = chance.choice(["incident", "person", "property", "case", "place", "dossier"])
        at = "" if moment is None else f"&at={iso(moment)}"
        screen.open(f"element={element}{at}")
        screen.wait_live() if moment is None else screen.wait_past()
        walk = Walk(screen, chance)
        walk.go_down()
        walk.go_down()
        walk.open_number()
        walk.open_thing()
        assert walk.clicks <= MOST_CLICKS
        assert ("at=" in screen.address) == (moment is not None)

    assert screen.complaints == []


NUMBER_AND_LENGTH = """
number => [
  document.querySelector(`[data-testid="${number}"]`),
  document.querySelector('[data-testid="sources-count"]'),
].map(told => told?.textContent.match(/[0-9]+/)?.[0])
 .concat(`${document.querySelectorAll('[data-testid="sources"] .rows li').length}`)
"""
"""At one glance: a source may fall silent between two."""


def test_the_numbers_of_sources_open_as_well(screen: Screen, province: Province) -> None:
    """How many are late, silent or fresh: as long a list, and told beside it."""
    province.admit("R3502035000002026119001")
    for number in ("fresh", "sources-late", "sources-silent"):
        screen.page.get_by_test_id(number).click()
        expect(screen.page.get_by_test_id("sources").locator(".filter")).to_be_visible()
        screen.until(partial(one_number, screen, number))


def one_number(screen: Screen, number: str) -> bool:
    """The number, the one beside the list and the length of the list are the same."""
    found = screen.page.evaluate(NUMBER_AND_LENGTH, number)
    return None not in found and len(set(found)) == 1
