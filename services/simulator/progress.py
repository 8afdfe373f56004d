"""What a run shows: a bar while history is loaded, a line now and then while it is live."""

from __future__ import annotations

import time
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from services.simulator.post_office import PostOffice
from services.simulator.times import DAY, HOUR, MINUTE, aware

LINE_EVERY_S = 30.0
LINE_FIRST_S = 3.0


class Progress(Protocol):
    """What a run tells of itself."""

    def note(self, text: str) -> None:
        """Something that takes a moment begins."""
        ...

    def begin(self, office: PostOffice) -> None:
        """Sending begins."""
        ...

    def load(self, since: int, until: int) -> None:
        """History from one moment to another will be loaded."""
        ...

    def loaded(self, moment: int) -> None:
        """It is loaded up to there."""
        ...

    def done_loading(self) -> None:
        """All of it is loaded."""
        ...

    def alive(self, office: PostOffice) -> None:
        """It is live; called often."""
        ...

    def waiting(self, reason: str) -> None:
        """The server must be tried again."""
        ...


class Quiet:
    """Shows nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def begin(self, office: PostOffice) -> None:
        """Nothing."""

    def load(self, since: int, until: int) -> None:
        """Nothing."""

    def loaded(self, moment: int) -> None:
        """Nothing."""

    def done_loading(self) -> None:
        """Nothing."""

    def alive(self, office: PostOffice) -> None:
        """Nothing."""

    def waiting(self, reason: str) -> None:
        """Nothing."""


class OnScreen:
    """Shows it on standard error."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._office: PostOffice | None = None
        self._began = 0.0
        self._line_at = 0.0
        self._line_due = 0.0
        self._sent = 0
        self._waiting = ""

    def note(self, text: str) -> None:
        """One line."""
        self._console.print(f"simulate: {text}")

    def begin(self, office: PostOffice) -> None:
        """Remember whose answers to count."""
        self._office = office

    def load(self, since: int, until: int) -> None:
        """Open the bar, or lengthen it."""
        if self._bar is None:
            self._began = time.monotonic()
            self.note(f"loading {_span(until - since)} of history, from {_minute(since)}")
            self._bar = Bar(
                TextColumn("{task.description}"), BarColumn(),
                TextColumn("{task.percentage:>3.0f}%"), TextColumn("{task.fields[sent]:,} events"),
                TimeRemainingColumn(), console=self._console,
            )  # fmt: skip
            self._task = self._bar.add_task("history", total=until - since, sent=0, since=since)
            self._bar.start()

    def loaded(self, moment: int) -> None:
        """Move the bar."""
        if self._bar is not None and self._task is not None and self._office is not None:
            since = self._bar.tasks[0].fields["since"]
            sent = self._office.answers.total()
            self._bar.update(self._task, completed=moment - since, sent=sent)

    def done_loading(self) -> None:
        """Close the bar and say how long it took."""
        if self._bar is not None and self._office is not None:
            self._bar.stop()
            self._bar = None
            took_s = time.monotonic() - self._began
            sent = self._office.answers.total()
            self.note(f"{sent:,} events in {took_s:.0f} s ({sent / max(took_s, 0.001):,.0f}/s)")

    def alive(self, office: PostOffice) -> None:
        """A line soon after it went live, then now and then."""
        now, sent = time.monotonic(), office.answers.total()
        if self._line_due == 0:
            self.note("live")
            self._line_at, self._line_due, self._sent = now, now + LINE_FIRST_S, sent
        if now < self._line_due:
            return
        said = ", ".join(f"{n:,} {status}" for status, n in sorted(office.answers.items()))
        odd = f", {office.unexpected} NOT AS EXPECTED" if office.unexpected else ""
        rate = (sent - self._sent) / (now - self._line_at)
        self.note(f"live, {rate:.1f} ev/s; {said}{odd}")
        self._line_at, self._line_due = now, now + LINE_EVERY_S
        self._sent, self._waiting = sent, ""

    def waiting(self, reason: str) -> None:
        """Said once until the next line."""
        if reason != self._waiting:
            self._waiting = reason
            self.note(f"the server is not ready ({reason}); trying again")


def _span(us: int) -> str:
    if us < 2 * HOUR:
        return f"{us / MINUTE:.0f} minutes"
    return f"{us / HOUR:.0f} hours" if us < 2 * DAY else f"{us / DAY:.1f} days"


def _minute(us: int) -> str:
    return f"{aware(us):%Y-%m-%d %H:%M}"
