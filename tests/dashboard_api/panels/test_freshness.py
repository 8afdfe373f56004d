"""Freshness: states by silence and by lag (DOMAIN R39)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas import organisations
from schemas.frames import FreshnessFrame
from services.dashboard_api.panels.freshness import Thresholds, expected, render
from services.dashboard_api.panels.sources import SourceState

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
COUNTY = "350203000000"


def source(silent_s: float = 0, lag_s: float = 1, sender: str = COUNTY) -> SourceState:
    last = NOON - timedelta(seconds=silent_s)
    return SourceState(sender, last, last, last, 2, lag_s)


def frame(
    *states: SourceState, org: str = "350000000000", centres: set[str] | None = None
) -> FreshnessFrame:
    return render(
        states,
        org=org,
        as_of=NOON,
        now=NOON,
        centres=centres or set(),
        thresholds=Thresholds(late_s=300, silent_s=900),
    )


@pytest.mark.parametrize(
    ("silent_s", "lag_s", "state"),
    [(0, 1, "fresh"), (299, 299, "fresh"), (300, 1, "late"), (0, 300, "late"),
     (899, 1, "late"), (900, 1, "silent"), (900, 9999, "silent")],
)  # fmt: skip
def test_thresholds(silent_s: float, lag_s: float, state: str) -> None:
    """5 minutes of silence or lag are late, 15 of silence are silent; the bound counts."""
    assert frame(source(silent_s, lag_s)).sources[COUNTY].state == state


def test_a_centre_that_was_never_heard_is_not_fresh() -> None:
    """It is listed as never, with nothing known."""
    shown = frame(centres={COUNTY})

    assert shown.sources[COUNTY].state == "never"
    assert shown.sources[COUNTY].last_received_at is None
    assert shown.counts == {"fresh": 0, "late": 0, "silent": 0, "never": 1, "missing": 0}


def test_counts_add_up_and_missing_numbers_are_summed() -> None:
    """Every source is in one state; missing counts sequence numbers."""
    shown = frame(source(), source(400, sender="350206000000"), centres={COUNTY})

    assert shown.counts == {"fresh": 1, "late": 1, "silent": 0, "never": 0, "missing": 4}


def test_only_sources_within_the_scope_are_shown() -> None:
    """A county sees its own; a station sees its county's."""
    states = source(), source(sender="350206000000")

    assert set(frame(*states, org=COUNTY).sources) == {COUNTY}
    assert set(frame(*states, org="350203500000").sources) == {COUNTY}


def test_centres_are_marked_in_the_organisations_file() -> None:
    """Fujian has 92: nine cities and all counties but one."""
    assert len(expected(organisations.load())) == 92
