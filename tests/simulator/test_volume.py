"""How much happens in a province: DOMAIN §0.8 gives the load."""

from __future__ import annotations

import pytest

from services.simulator.engine import Engine
from services.simulator.times import DAY, HOUR
from tests.simulator.conftest import START, Fold, small_world

SOME = 24
"""A day of all 92 takes long; a centre's share tells what part of the province it is."""


@pytest.fixture(scope="module")
def province() -> tuple[float, dict[str, dict[str, float]]]:
    """Events of a Wednesday, and the levels at ten in the evening, as of all centres."""
    world = small_world(centres=SOME)
    share = sum(centre.share for centre in world.centres)
    engine, fold, events = Engine(world), Fold(), 0
    for told in engine.until(START + 16 * HOUR):
        fold.take(told.event)
        events += told.moment > START
    levels = {
        element: {status: n / share for status, n in fold.levels(element).items()}
        for element in ("incident", "person", "property", "case", "place", "dossier")
    }
    events += sum(1 for _ in engine.until(START + DAY))
    return events / share, levels


def test_about_90_000_events_a_day(province: tuple[float, dict[str, dict[str, float]]]) -> None:
    """Within a tenth."""
    assert province[0] == pytest.approx(90_000, rel=0.1)


def test_levels_are_those_of_a_province(
    province: tuple[float, dict[str, dict[str, float]]],
) -> None:
    """Hundreds of open incidents and persons in area, thousands of cases, more property."""
    levels = province[1]
    incidents = sum(n for s, n in levels["incident"].items() if s != "verified")
    persons = sum(n for s, n in levels["person"].items() if s != "released")
    cases = sum(n for s, n in levels["case"].items() if s not in ("closed", "declined"))
    items = sum(n for s, n in levels["property"].items() if s != "disposed")
    dossiers = sum(n for s, n in levels["dossier"].items() if s not in ("transferred", "archived"))

    assert 200 < incidents < 700
    assert 350 < persons < 900
    assert 3_000 < cases < 12_000
    assert 10_000 < items < 40_000
    assert 1_500 < dossiers < 12_000
    assert sum(levels["place"].values()) > 1_800
    assert levels["place"]["occupied"] > 200
