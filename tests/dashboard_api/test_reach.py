"""What a case reaches by its links."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.dashboard_api.reach import Linked, Stay, expected, parts_of
from tests.dashboard_api.histories import NOON

ROOMS = frozenset({("place", "P1"), ("place", "P2")})


def at(hours: float) -> datetime:
    """A moment some hours after noon."""
    return NOON + timedelta(hours=hours)


def linked(*told: tuple[str, str, float]) -> list[Linked]:
    """Links with the hours after noon at which they came about."""
    return [Linked(element, id_, at(hours)) for element, id_, hours in told]


def test_the_parts_of_a_case_are_all_but_rooms() -> None:
    """Each once, in order; a room is told only while a person was in it."""
    found = parts_of(
        linked(("property", "W1", 3), ("person", "R1", 1), ("place", "P1", 2), ("person", "R1", 2))
    )

    assert found == [("person", "R1"), ("property", "W1")]


def test_a_stay_is_expected_from_the_first_word_on_its_persons() -> None:
    """Half a day longer than the last, for those who are released name no room."""
    found = expected(
        linked(
            ("incident", "J1", -9),
            ("person", "R1", 1),
            ("place", "P1", 2),
            ("place", "P2", 4),
            ("dossier", "D1", 99),
        ),
        at(500),
    )

    assert found == Stay(ROOMS, at(1), at(16))


def test_no_stay_is_expected_after_the_moment_that_is_asked_for() -> None:
    """What happened later does not belong to the story."""
    found = expected(linked(("person", "R1", 1), ("place", "P1", 2)), at(5))

    assert found
    assert found.until == at(5)


def test_no_stay_is_expected_where_no_room_is_linked() -> None:
    """Property and dossiers have no rooms."""
    assert expected(linked(("person", "R1", 1), ("dossier", "D1", 2)), at(500)) is None


@pytest.mark.parametrize(
    ("rooms", "since", "until", "suffices"),
    [
        (ROOMS, 2, 8, True),
        ({("place", "P1")}, 2, 8, True),
        (ROOMS, -10, 10, True),
        (ROOMS, -11, 10, False),
        (ROOMS, 2, 10.1, False),
        ({*ROOMS, ("place", "P3")}, 2, 8, False),
    ],
    ids=["all", "one of the rooms", "to the brim", "from earlier", "to later", "another room"],
)
def test_what_was_read_for_a_longer_stay_suffices_for_a_shorter(
    rooms: set[tuple[str, str]], since: float, until: float, suffices: bool
) -> None:
    """All its rooms, and all of its time with half a day before and after."""
    foreseen = Stay(ROOMS, at(2), at(10))

    assert foreseen.suffices_for(Stay(frozenset(rooms), at(since), at(until))) is suffices
