"""The wall as a person in front of it meets it: read a number, click a place, wait for a word."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

WITHIN_MS = 15_000
"""How long a condition may take on a busy machine."""
POLL_MS = 50

LIVE = re.compile("实时|LIVE")
RECONNECTING = re.compile("重连中|RECONNECTING")
STOPPED = re.compile("已停止|STOPPED")
STALE = re.compile("已过期|STALE")
HISTORY = re.compile("历史时刻|HISTORY")
REPLAY = re.compile("历史回放|REPLAY")
NUMBER = re.compile(r"^[\d,]+$")


class Screen:
    """One page that shows the wall; what the browser complains of is kept in ``complaints``."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("requestfailed", self._request_failed)
        page.on("request", self._request)

    def open(self, address: str = "", *, token: str | None = None) -> Screen:
        """Load the wall anew, with a token handed over in the address where one is given."""
        joined = "&".join(
            part for part in (f"token={token}" if token else "", address.lstrip("#")) if part
        )
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/{'#' if joined else ''}{joined}")
        return self

    def wait_live(self) -> Screen:
        """Wait until the wall says that it is live and shows a number, or a story."""
        expect(self.trust).to_have_text(LIVE)
        return self._wait_content()

    def wait_past(self) -> Screen:
        """Wait until the wall says that it shows a past moment, and shows what was then."""
        expect(self.trust).to_have_text(HISTORY)
        return self._wait_content()

    def _wait_content(self) -> Screen:
        if "thing=" in self.address:
            expect(self.page.get_by_test_id("events").locator("li").first).to_be_visible()
        else:
            expect(self.total("person")).to_have_text(NUMBER)
        return self

    @property
    def trust(self) -> Locator:
        """The word that says how far the screen can be believed."""
        return self.page.get_by_test_id("trust")

    @property
    def list(self) -> Locator:
        """The open list of things."""
        return self.page.get_by_test_id("list")

    @property
    def address(self) -> str:
        """The part of the address after the #."""
        return str(self.page.evaluate("location.hash"))

    @property
    def details(self) -> Locator:
        """Beside the story of a thing: its step, its clocks, what is known of it."""
        return self.page.get_by_test_id("details")

    @property
    def track(self) -> Locator:
        """The slider of the replay bar."""
        return self.page.get_by_test_id("track")

    @property
    def at(self) -> str | None:
        """The moment in the address."""
        found = re.search(r"at=([^&]+)", self.address)
        return found.group(1) if found else None

    @property
    def frame_colour(self) -> str:
        """The colour of the frame around the page."""
        return str(
            self.page.evaluate(
                "getComputedStyle(document.querySelector('.page'), '::after').borderTopColor"
            )
        )

    def total(self, element: str) -> Locator:
        """The one number of an element."""
        return self.page.get_by_test_id(f"total-{element}")

    def status(self, element: str, status: str) -> Locator:
        """The number of one status."""
        return self.page.get_by_test_id(f"status-{element}-{status}")

    def unit(self, code: str) -> Locator:
        """The name of an organisation on the map, or its row in the list of units."""
        return self.page.locator(f'button.label[data-org="{code}"], ol [data-org="{code}"]').first

    def source(self, code: str) -> Locator:
        """The cell of a source among all sources."""
        return self.page.locator(f'[data-source="{code}"]')

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what only the test can see, while the page goes on."""
        for _ in range(WITHIN_MS // POLL_MS):
            if condition():
                return
            self.page.wait_for_timeout(POLL_MS)
        raise TimeoutError

    def number(self, locator: Locator) -> int:
        """The number that stands there, once one does."""
        expect(locator).to_have_text(NUMBER)
        return int(locator.inner_text().replace(",", ""))

    def expect_org(self, code: str) -> None:
        """Wait until an organisation is the one in view."""
        expect(self.page).to_have_url(re.compile(f"org={code}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _request_failed(self, request: Request) -> None:
        # The browser itself gives up on what a page was loading when another is opened.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:", "about:")):
            self.complaints.append(f"outside: {request.url}")
