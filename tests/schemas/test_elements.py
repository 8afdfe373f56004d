"""The six elements and their statuses."""

from __future__ import annotations

from itertools import permutations

import pytest

from schemas.elements import ELEMENTS, NEW, PLACE_WORST_FIRST, element, is_usual
from schemas.errors import UnknownElement

STATUSES = [(e.name, s) for e in ELEMENTS.values() for s in e.statuses]


def test_there_are_six() -> None:
    """警、人、物、案、场所、卷, as the article has them."""
    assert [e.character for e in ELEMENTS.values()] == ["警", "人", "物", "案", "场所", "卷"]
    assert all(ELEMENTS[e.name] is e for e in ELEMENTS.values())


@pytest.mark.parametrize("name", ELEMENTS)
def test_statuses_have_names_of_their_own(name: str) -> None:
    """No two statuses of an element share a name, a Chinese or an English word."""
    statuses = ELEMENTS[name].statuses

    for words in zip(*((s.name, s.chinese, s.english) for s in statuses), strict=True):
        assert len(set(words)) == len(statuses)


@pytest.mark.parametrize("name", ELEMENTS)
def test_an_element_has_a_number_for_the_wall(name: str) -> None:
    """Some status counts; an element whose things end also has one that does not."""
    one = element(name)

    assert one.active
    assert (len(one.active) < len(one.statuses)) == (name != "place")


def test_moves_name_statuses_of_the_same_element() -> None:
    """What a status follows is one of its element's, or nothing; never itself."""
    for name, status in STATUSES:
        known = {s.name for s in ELEMENTS[name].statuses} | {NEW}
        assert set(status.follows) <= known - {status.name}


@pytest.mark.parametrize("name", [n for n in ELEMENTS if n != "place"])
def test_every_status_can_be_reached_from_nothing(name: str) -> None:
    """The usual moves lead from a new thing to each of its statuses."""
    reached, grown = {NEW}, True
    while grown:
        more = {s.name for s in ELEMENTS[name].statuses if reached & set(s.follows)} - reached
        grown = bool(more)
        reached |= more

    assert reached == {s.name for s in ELEMENTS[name].statuses} | {NEW}


def test_usual_moves() -> None:
    """The table tells the usual from the unusual; a place may go anywhere."""
    assert is_usual("case", NEW, "reviewing")
    assert is_usual("case", "reviewing", "open")
    assert not is_usual("case", "closed", "open")
    assert not is_usual("person", NEW, "released")
    places = [s.name for s in ELEMENTS["place"].statuses]
    assert all(is_usual("place", a, b) for a, b in permutations(places, 2))


def test_the_order_of_the_worst_holds_every_status_of_a_place() -> None:
    """No status of a room is without its place in the order."""
    assert sorted(PLACE_WORST_FIRST) == sorted(s.name for s in ELEMENTS["place"].statuses)


def test_unknown_names_are_refused() -> None:
    """An element or a status that is not there is an error, not a default."""
    with pytest.raises(UnknownElement, match="weather"):
        element("weather")
    with pytest.raises(KeyError):
        element("case").status("asleep")
