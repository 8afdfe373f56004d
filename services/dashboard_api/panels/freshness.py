"""The panel of freshness: which source can be believed at a moment.  Pure.

A source is late after 5 minutes of silence, or when its facts need as long to get here, and
silent after 15 (DOMAIN R39).  ``now`` is the server's clock, so that silence shows though
nothing comes; for a moment in the past it is that moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from schemas.frames import FreshnessFrame, SourceFreshness
from schemas.organisations import Organisations, scope_of
from services.dashboard_api.panels.sources import SourceState

PANEL = "freshness"
State = Literal["fresh", "late", "silent", "never"]


class Thresholds(NamedTuple):
    """From when on a source is late, and from when on silent."""

    late_s: float = 300
    silent_s: float = 900


def expected(organisations: Organisations) -> frozenset[str]:
    """The centres that should be heard."""
    return frozenset(o.code for o in organisations if o.centre)


def render(
    states: Iterable[SourceState],
    *,
    org: str,
    as_of: datetime,
    now: datetime,
    centres: Iterable[str],
    thresholds: Thresholds,
) -> FreshnessFrame:
    """The frame of an organisation: every source within its scope, a station's county's."""
    scope = scope_of(org)[:6]
    sources = {
        code: SourceFreshness(
            state="never", last_received_at=None, last_occurred_at=None, lag_s=None, missing=0
        )
        for code in sorted(centres)
        if code.startswith(scope)
    }
    for source in states:
        if source.sender.startswith(scope):
            sources[source.sender] = SourceFreshness(
                state=_state(source, now, thresholds),
                last_received_at=source.last_received_at,
                last_occurred_at=source.last_occurred_at,
                lag_s=source.lag_s,
                missing=source.missing,
            )
    counts = dict.fromkeys(("fresh", "late", "silent", "never", "missing"), 0)
    for shown in sources.values():
        counts[shown.state] += 1
        counts["missing"] += shown.missing
    return FreshnessFrame(panel="freshness", org=org, as_of=as_of, counts=counts, sources=sources)


def _state(source: SourceState, now: datetime, thresholds: Thresholds) -> State:
    silence_s = (now - source.last_received_at).total_seconds()
    if silence_s >= thresholds.silent_s:
        return "silent"
    if silence_s >= thresholds.late_s or source.lag_s >= thresholds.late_s:
        return "late"
    return "fresh"
