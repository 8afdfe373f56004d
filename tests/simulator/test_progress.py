"""What a run shows on the way."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from services.simulator.doors import Answered
from services.simulator.message import Message
from services.simulator.post_office import PostOffice
from services.simulator.progress import LINE_FIRST_S, OnScreen
from services.simulator.times import DAY
from tests.simulator.conftest import START


class Nowhere:
    """A door that nobody goes to."""

    async def post(self, token: str, messages: Sequence[Message]) -> Answered:
        """Not called."""
        raise NotImplementedError


class Screen:
    """A progress that writes into a text, with a clock moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        self._out = io.StringIO()
        monkeypatch.setattr("time.monotonic", lambda: self.now_s)
        self.office = PostOffice(Nowhere(), None)
        self.progress = OnScreen(Console(file=self._out, width=120))
        self.progress.begin(self.office)

    @property
    def text(self) -> str:
        """All that was shown."""
        return self._out.getvalue()


def test_history_has_a_bar_and_a_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much in how long."""
    screen = Screen(monkeypatch)
    screen.progress.load(START, START + 2 * DAY)
    screen.office.answers["accepted"] = 180_000
    screen.now_s += 30
    screen.progress.loaded(START + 2 * DAY)
    screen.progress.done_loading()

    assert "loading 2.0 days of history, from 2026-11-18 06:00" in screen.text
    assert "100%" in screen.text
    assert "180,000 events in 30 s (6,000/s)" in screen.text


def test_live_says_how_many_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Soon after it went live, then every half minute, by the time that passed."""
    screen = Screen(monkeypatch)
    screen.progress.alive(screen.office)
    screen.office.answers["accepted"] = 30
    screen.now_s += LINE_FIRST_S
    screen.progress.alive(screen.office)
    screen.office.answers["accepted"] = 330
    screen.office.unexpected = 2
    screen.now_s += 30
    screen.progress.alive(screen.office)

    assert f"live, {30 / LINE_FIRST_S:.1f} ev/s; 30 accepted" in screen.text
    assert "live, 10.0 ev/s; 330 accepted, 2 NOT AS EXPECTED" in screen.text


def test_trouble_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at every try."""
    screen = Screen(monkeypatch)
    for _ in range(5):
        screen.progress.waiting("503")

    assert screen.text.count("the server is not ready (503); trying again") == 1
