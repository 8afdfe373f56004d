"""Interview rooms are taken by one talk at a time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.simulator.bookings import Bookings
from services.simulator.province import Room
from services.simulator.times import HOUR, MINUTE

ROOMS = tuple(Room(f"room-{n}", "question", "办案区", f"询问室{n}", 1) for n in range(3))


def test_a_free_room_is_taken_at_once() -> None:
    """As long as there is one."""
    bookings = Bookings(ROOMS)
    taken = [bookings.take(10 * HOUR, HOUR) for _ in range(3)]

    assert {room.id for room, _ in taken} == {room.id for room in ROOMS}
    assert {start for _, start in taken} == {10 * HOUR}


def test_who_finds_none_waits_for_the_first() -> None:
    """Until a room is free again, and a little longer."""
    bookings = Bookings(ROOMS[:1])
    bookings.take(10 * HOUR, HOUR)
    _, start = bookings.take(10 * HOUR + MINUTE, HOUR)

    assert 11 * HOUR < start < 11 * HOUR + 10 * MINUTE


@given(st.lists(st.tuples(st.integers(0, 20 * HOUR), st.integers(MINUTE, 3 * HOUR)), max_size=40))
def test_no_two_talks_share_a_room(wishes: list[tuple[int, int]]) -> None:
    """Whatever is asked for, in whatever order."""
    bookings = Bookings(ROOMS)
    held: dict[str, list[tuple[int, int]]] = {}
    for start, length in wishes:
        room, begins = bookings.take(start, length)
        assert begins >= start
        held.setdefault(room.id, []).append((begins, begins + length))

    for talks in held.values():
        assert all(first[1] < second[0] for first, second in pairwise(sorted(talks)))
