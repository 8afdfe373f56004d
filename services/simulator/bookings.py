"""Which interview room is taken when.  Pure."""

from __future__ import annotations

from typing import NamedTuple

from services.simulator.province import Room
from services.simulator.times import MINUTE

BETWEEN_US = 3 * MINUTE
"""A room stays empty that long between two talks."""


class Visit(NamedTuple):
    """Somebody is in a room for a while; ``recorded`` where the talk itself is recorded."""

    room: Room
    start: int
    end: int
    recorded: bool = False


class Bookings:
    """Which interview room is taken when, among those who came on one day."""

    def __init__(self, rooms: tuple[Room, ...]) -> None:
        self._rooms = rooms
        self._taken: dict[str, list[tuple[int, int]]] = {room.id: [] for room in rooms}

    def take(self, start: int, length: int) -> tuple[Room, int]:
        """A room and the first moment from ``start`` on at which it is free for ``length``."""
        best: tuple[int, Room] | None = None
        for room in self._rooms:
            free = start
            for begins, ends in self._taken[room.id]:
                if free + length <= begins:
                    break
                free = max(free, ends)
            if best is None or free < best[0]:
                best = (free, room)
            if free == start:
                break
        if best is None:
            raise LookupError("a centre has interview rooms")
        free, room = best
        taken = self._taken[room.id]
        taken.append((free - BETWEEN_US, free + length + BETWEEN_US))
        taken.sort()
        return room, free
