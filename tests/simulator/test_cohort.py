"""What begins on a day is over when the simulator takes it to be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.simulator import cohort, roots
from services.simulator.case_facts import Case
from services.simulator.incident_life import Incident
from services.simulator.life import Life
from services.simulator.property_life import Item
from services.simulator.rooms import Ledger, RoomDay
from services.simulator.roots import LONGEST_DAYS, SHORT_DAYS
from services.simulator.stay_facts import Stay
from services.simulator.times import DAY, HOUR, MINUTE, day_of, midnight
from tests.simulator.conftest import START, small_world

WORLD = small_world(centres=18)
FIRST = day_of(START)
DAYS = range(FIRST, FIRST + 12)


@pytest.fixture(scope="module")
def planned() -> list[tuple[int, list[Life], RoomDay]]:
    """Two hundred cohorts."""
    return [
        (day, *cohort.whole(WORLD.seed, centre, day, START, Ledger()))
        for centre in WORLD.centres
        for day in DAYS
    ]


def lives(
    planned: list[tuple[int, list[Life], RoomDay]], kind: type[Life]
) -> Iterator[tuple[int, Life]]:
    """The lives of a kind, each with its day."""
    return ((day, life) for day, found, _ in planned for life in found if isinstance(life, kind))


def test_stays_and_rooms_are_over_in_a_few_days(
    planned: list[tuple[int, list[Life], RoomDay]],
) -> None:
    """So whoever starts anew need look no further back."""
    for day, stay in lives(planned, Stay):
        assert stay.steps[0].sent < midnight(day + SHORT_DAYS + 1)
    for day, _, rooms in planned:
        assert rooms.steps[0].sent < midnight(day + SHORT_DAYS + 1)


def test_incidents_are_over_soon_after_their_disposal(
    planned: list[tuple[int, list[Life], RoomDay]],
) -> None:
    """The bound by which old ones are left out holds."""
    for _, incident in lives(planned, Incident):
        assert isinstance(incident, Incident)
        assert incident.steps[0].sent < incident.root.disposed + cohort.INCIDENT_MOST


def test_a_case_and_its_things_are_over_when_the_root_says(
    planned: list[tuple[int, list[Life], RoomDay]],
) -> None:
    """And never later than the longest span."""
    found = 0
    for centre in WORLD.centres:
        for day in DAYS:
            for root in roots.cases(WORLD.seed, centre, day, START):
                last = max(life.steps[0].sent for life in cohort.of_case(WORLD.seed, root))
                assert last < root.ends < midnight(day + LONGEST_DAYS)
                found += 1
    assert found > 500


def test_nothing_begins_before_its_day(
    planned: list[tuple[int, list[Life], RoomDay]],
) -> None:
    """A day is planned just before it begins."""
    for day, found, rooms in planned:
        assert all(life.steps[-1].sent > midnight(day) for life in (*found, rooms))


def test_what_still_goes_on_is_found_by_its_outline() -> None:
    """The cases that the outline leaves out have nothing more to say."""
    after = START + 20 * DAY
    centre = WORLD.centres[0]
    kept = {
        lives[0].digest for lives in cohort.still_going(WORLD.seed, centre, FIRST, START, after)
    }
    every = [
        cohort.of_case(WORLD.seed, root) for root in roots.cases(WORLD.seed, centre, FIRST, START)
    ]

    assert kept
    for found in every:
        if any(life.steps[0].sent > after for life in found):
            assert found[0].digest in kept


def test_limits_are_mostly_kept_and_sometimes_exceeded(
    planned: list[tuple[int, list[Life], RoomDay]],
) -> None:
    """One stay in forty or so is too long, by minutes to hours."""
    stays = [life for _, life in lives(planned, Stay)]
    over = [
        s.left - s.arrived - s.limit_h * HOUR
        for s in stays
        if isinstance(s, Stay) and s.left - s.arrived > s.limit_h * HOUR
    ]

    assert len(stays) > 2000
    assert 0.01 < len(over) / len(stays) < 0.06
    assert min(over) < 30 * MINUTE
    assert max(over) > HOUR


def test_stays_last_as_they_do() -> None:
    """About seven hours on average, some a quarter of an hour short of their limit."""
    found = [
        life
        for centre in WORLD.centres
        for life in cohort.whole(WORLD.seed, centre, FIRST, START, Ledger())[0]
        if isinstance(life, Stay)
    ]
    hours = [(s.left - s.arrived) / HOUR for s in found]

    assert 5 < sum(hours) / len(hours) < 10
    assert min(hours) > 0.5


def test_property_is_mostly_handed_over_within_a_day(
    planned: list[tuple[int, list[Life], RoomDay]],
) -> None:
    """行规190; a few items are late."""
    late = total = 0
    for _, item in lives(planned, Item):
        seized, stored = sorted(item.steps, key=lambda s: s.number)[:2]
        total += 1
        late += stored.occurred - seized.occurred > DAY
    assert total > 500
    assert 0 < late / total < 0.06


def test_some_cases_are_declined_and_have_no_things(
    planned: list[tuple[int, list[Life], RoomDay]],
) -> None:
    """No seizure before a case is accepted."""
    cases = [life for _, life in lives(planned, Case)]
    declined = {c.root.name for c in cases if isinstance(c, Case) and c.declined}
    items = {i.root.name for _, i in lives(planned, Item) if isinstance(i, Item)}

    assert 0.02 < len(declined) / len(cases) < 0.2
    assert not declined & items


def test_visits_of_rooms_are_balanced(
    planned: list[tuple[int, list[Life], RoomDay]],
) -> None:
    """Whoever goes in comes out again."""
    for _, _, rooms in planned[:40]:
        names = [step.wording.__name__ for step in rooms.steps]
        assert names.count("_entered") == names.count("_left")
