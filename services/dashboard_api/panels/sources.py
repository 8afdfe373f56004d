"""What is known of each source: when it was last heard, how late, and what is missing.  Pure.

The same numbers come from a query at a past moment (``SourceState`` rows) and, live, from the
arrivals as they come (``Sources``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.organisations import scope_of
from services.dashboard_api.panels.buckets import BUCKET_S, bucket_of_moment

LAG_WINDOW = timedelta(minutes=5)


class Arrival(NamedTuple):
    """One fact came in."""

    sender: str
    received_at: datetime
    occurred_at: datetime
    recorded_at: datetime
    missing: int


class SourceState(NamedTuple):
    """One source at one moment; ``lag_s`` is the least delay (recorded → received) among the
    facts of its last five minutes, so that a single late entry does not make a source late."""

    sender: str
    first_received_at: datetime
    last_received_at: datetime
    last_occurred_at: datetime
    missing: int
    lag_s: float


class _Source:
    """One source as its facts come in; ``lags`` rises from its left end to its right."""

    __slots__ = ("first", "lags", "last", "missing", "occurred")

    def __init__(self, first: datetime) -> None:
        self.first = self.last = self.occurred = first
        self.missing = 0
        self.lags: deque[tuple[datetime, float]] = deque()

    def add(self, arrival: Arrival) -> None:
        lag_s = (arrival.received_at - arrival.recorded_at).total_seconds()
        while self.lags and self.lags[-1][1] >= lag_s:
            self.lags.pop()
        self.lags.append((arrival.received_at, lag_s))
        while self.lags[0][0] <= arrival.received_at - LAG_WINDOW:
            self.lags.popleft()
        self.last, self.occurred = arrival.received_at, arrival.occurred_at
        self.missing = arrival.missing


class Sources:
    """All sources, as their facts come in, in the order of receipt."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}

    def add(self, arrival: Arrival) -> None:
        """Take note of one more fact."""
        source = self._sources.get(arrival.sender)
        if source is None:
            source = self._sources[arrival.sender] = _Source(arrival.received_at)
        source.add(arrival)

    def first_heard(self, sender: str, moment: datetime) -> None:
        """A source was heard for the first time at that moment, long ago."""
        source = self._sources.get(sender)
        if source is None:
            self._sources[sender] = _Source(moment)
        else:
            source.first = min(source.first, moment)

    def senders(self) -> set[str]:
        """Every source that was ever heard."""
        return set(self._sources)

    def firsts(self) -> list[tuple[str, datetime]]:
        """When each source was heard for the first time."""
        return [(sender, source.first) for sender, source in self._sources.items()]

    def states(self, scope: str = "") -> list[SourceState]:
        """Every source within a scope as it is now."""
        return [
            SourceState(sender, s.first, s.last, s.occurred, s.missing, s.lags[0][1])
            for sender, s in sorted(self._sources.items())
            if sender.startswith(scope) and s.lags
        ]

    def scope_for(self, org: str, as_of: datetime) -> str:
        """Which sources speak for an organisation: those of its own county or wider scope.

        Where none of them had ever sent anything by then, those of the level above do: a
        force whose facts all come from one system has one source.
        """
        scope = scope_of(org)[:6]
        while len(scope) > 2 and not any(
            sender.startswith(scope) and source.first <= as_of
            for sender, source in self._sources.items()
        ):
            scope = scope[:-2]
        return scope


class Heard:
    """In which ten-minute buckets anything came in, by scope."""

    def __init__(self, pairs: Iterable[tuple[str, int]] = ()) -> None:
        self._buckets: dict[str, set[int]] = {}
        self._touched: set[str] = set()
        for sender, bucket in pairs:
            self.add(sender, bucket)

    def add(self, sender: str, bucket: int) -> None:
        """Something came from a sender in a bucket."""
        for scope in (sender[:2], sender[:4], sender[:6]):
            buckets = self._buckets.setdefault(scope, set())
            if bucket not in buckets:
                buckets.add(bucket)
                self._touched.add(scope)

    def touched(self) -> set[str]:
        """Scopes that were heard in a bucket for the first time since the last call."""
        touched, self._touched = self._touched, set()
        return touched

    def knows(self, scope: str, bucket: int) -> bool:
        """Whether anything came from a scope in that bucket or the one before it."""
        buckets = self._buckets.get(scope)
        return buckets is not None and (bucket in buckets or bucket - BUCKET_S in buckets)

    def forget_before(self, bucket: int) -> None:
        """Let go of buckets that no trend shows any more."""
        for buckets in self._buckets.values():
            buckets.difference_update([b for b in buckets if b < bucket])

    def note(self, arrival: Arrival) -> None:
        """Take note of a fact that came in just now."""
        self.add(arrival.sender, bucket_of_moment(arrival.received_at))
