"""Completeness: which of a source's sequence numbers have not come yet.  Pure."""

from __future__ import annotations

from bisect import bisect_right

from services.backbone.event_store import SourceGaps

RANGES_MAX = 1_000
"""Gaps kept for each source; a source that leaves more does not count up one by one."""


class Sequence:
    """The numbers of one source; a gap is found when a later number comes, closed when it comes.

    The lowest number seen is where the source begins; one that comes late from below moves
    the beginning down.  Of more than ``RANGES_MAX`` gaps the oldest are no longer kept one by
    one: they stay missing, and a number of theirs that comes after all closes nothing.
    """

    __slots__ = ("highest", "lost", "lowest", "missing", "missing_count")

    def __init__(
        self,
        lowest: int = 0,
        highest: int = -1,
        missing: tuple[tuple[int, int], ...] = (),
        lost: int = 0,
    ) -> None:
        self.lowest = lowest
        self.highest = highest
        self.missing = list(missing)
        self.lost = lost
        self.missing_count = lost + sum(last - first + 1 for first, last in missing)

    def see(self, number: int) -> None:
        """Take note of a number; one seen before changes nothing."""
        if self.highest < self.lowest:
            self.lowest = self.highest = number
        elif number > self.highest:
            self._gap(len(self.missing), self.highest + 1, number - 1)
            self.highest = number
        elif number < self.lowest:
            self._gap(0, number + 1, self.lowest - 1)
            self.lowest = number
        else:
            self._close(number)
        if len(self.missing) > RANGES_MAX:
            first, last = self.missing.pop(0)
            self.lost += last - first + 1

    def _gap(self, at: int, first: int, last: int) -> None:
        if first <= last:
            self.missing.insert(at, (first, last))
            self.missing_count += last - first + 1

    def _close(self, number: int) -> None:
        at = bisect_right(self.missing, (number, self.highest)) - 1
        if at < 0 or not self.missing[at][0] <= number <= self.missing[at][1]:
            return
        first, last = self.missing[at]
        halves = [(first, number - 1), (number + 1, last)]
        self.missing[at : at + 1] = [(a, b) for a, b in halves if a <= b]
        self.missing_count -= 1

    def gaps(self, source: str) -> SourceGaps:
        """The state as the event store keeps it."""
        return SourceGaps(source, self.lowest, self.highest, tuple(self.missing), self.lost)
