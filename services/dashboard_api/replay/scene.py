"""What one replay holds: the numbers of its panels at a moment, moved on step by step.  Pure.

A scene begins with the full query of a moment, as live does, goes on by adding what came, as
live does, and is rendered as live is: there is one way from numbers to a frame.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from services.dashboard_api.microseconds import moment_of_us
from services.dashboard_api.panels import elements, freshness
from services.dashboard_api.panels.buckets import BUCKET_S, BUCKETS, bucket_of_moment
from services.dashboard_api.panels.levels import Levels
from services.dashboard_api.panels.sources import Arrival, Heard, Sources

Row = Sequence[Any]
MOVES_AT_ONCE = 500
"""So many are added before others get their turn."""
FORGET_EVERY_S = 4 * 3600
"""Looking for what no trend shows any more takes longer than holding it for a while."""
_SHOWN_S = (BUCKETS + 2) * BUCKET_S


class View(NamedTuple):
    """What is looked at."""

    org: str
    panels: tuple[str, ...]

    @property
    def elements(self) -> list[str]:
        """The panels that are of elements."""
        return [panel for panel in self.panels if panel != freshness.PANEL]

    @property
    def with_freshness(self) -> bool:
        """Whether the freshness of sources is among the panels."""
        return freshness.PANEL in self.panels


class Screen(NamedTuple):
    """What frames show besides numbers."""

    listed: elements.Listed
    centres: tuple[str, ...]
    thresholds: freshness.Thresholds


class Stretch:
    """What came in some steps that follow one another."""

    def __init__(self, last: int, moves: Sequence[Row], arrivals: Sequence[Row]) -> None:
        """``last`` is the last step; each row begins with its step, and they stand in that order.

        moves: (step, "flow", element, organisation, status, bucket, delta) or (step, "heard", "",
        scope, "", bucket, 1); arrivals: (step, sender, received, occurred, recorded, missing),
        times in microseconds, in the order of receipt.
        """
        self.last = last
        self._moves, self._arrivals = _Cursor(moves), _Cursor(arrivals)

    def pieces(self, scene: Scene, step: int) -> Iterator[Callable[[], None]]:
        """The work that moves a scene on to a step, in small pieces, each to be done once."""
        while self._moves.stands_before(step):
            yield lambda: self._add_moves(scene, step)
        yield lambda: self._add_arrivals(scene, step)

    def _add_moves(self, scene: Scene, step: int) -> None:
        for _, kind, element, org, status, bucket, delta in self._moves.upto(step, MOVES_AT_ONCE):
            if kind == "flow":
                scene.levels.count(element, org, status, bucket, delta)
            else:
                scene.heard.add(org, bucket)

    def _add_arrivals(self, scene: Scene, step: int) -> None:
        for _, sender, received, occurred, recorded, missing in self._arrivals.upto(step):
            times = moment_of_us(received), moment_of_us(occurred), moment_of_us(recorded)
            scene.sources.add(Arrival(sender, *times, missing))


class _Cursor:
    """Rows that are taken in order."""

    __slots__ = ("_next", "_rows")

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._next = 0

    def stands_before(self, step: int) -> bool:
        """Whether there is anything left up to a step."""
        return self._next < len(self._rows) and self._rows[self._next][0] <= step

    def upto(self, step: int, most: int | None = None) -> Sequence[Row]:
        """The rows up to a step that were not taken yet, at most so many."""
        first = self._next
        end = bisect_right(self._rows, step, lo=first, key=_step)
        self._next = end if most is None else min(end, first + most)
        return self._rows[first : self._next]


def _step(row: Row) -> int:
    step: int = row[0]
    return step


class Scene:
    """The numbers of some panels of an organisation, at one moment."""

    def __init__(
        self,
        view: View,
        screen: Screen,
        moment: datetime,
        levels: Levels,
        heard: Heard,
        sources: Sources,
        speaking: Sources,
    ) -> None:
        """``sources`` as they were at the moment, for freshness; ``speaking`` says of each
        source when it was heard first."""
        self.view = view
        self.moment = moment
        self.levels = levels
        self.heard = heard
        self.sources = sources
        self._speaking = speaking
        self._screen = screen
        self._bucket = bucket_of_moment(moment)
        self._forgot_before = self._bucket - _SHOWN_S
        self._due: set[str] = set(view.panels)

    def at(self, moment: datetime) -> None:
        """All that came up to a later moment was added: this is what it is now."""
        self.moment = moment
        bucket = bucket_of_moment(moment)
        if bucket != self._bucket:
            self._bucket = bucket
            self._forget_before(bucket - _SHOWN_S)
            self._due.update(self.view.panels)
        # Nothing but what is of the view's organisation is ever added.
        self._due.update(self.levels.touched_elements())
        if self._speakers in self.heard.touched():
            self._due.update(self.view.elements)
        if self.view.with_freshness:
            self._due.add(freshness.PANEL)  # silence grows by itself

    def _forget_before(self, bucket: int) -> None:
        if bucket - self._forgot_before >= FORGET_EVERY_S:
            self._forgot_before = bucket
            self.levels.forget_before(bucket)
            self.heard.forget_before(bucket)

    def due(self) -> list[str]:
        """The panels that may show something else than when this was asked last."""
        due, self._due = self._due, set()
        return [panel for panel in self.view.panels if panel in due]

    def frame(self, panel: str) -> dict[str, Any]:
        """What a panel shows at the moment; silence is counted from the moment too."""
        if panel == freshness.PANEL:
            frame: object = freshness.render(
                self.sources.states(),
                org=self.view.org,
                as_of=self.moment,
                now=self.moment,
                centres=self._screen.centres,
                thresholds=self._screen.thresholds,
            )
        else:
            frame = elements.render(
                self.levels,
                self.heard,
                self._screen.listed,
                element=panel,
                org=self.view.org,
                as_of=self.moment,
                sources=self._speakers,
            )
        built: dict[str, Any] = msgspec.to_builtins(frame)
        return built

    @property
    def _speakers(self) -> str:
        return self._speaking.scope_for(self.view.org, self.moment)
