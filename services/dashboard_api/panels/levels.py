"""How many things of each element stand in which status, at every organisation.  Pure.

Numbers come in at the responsible organisation (a station, or any other unit) and are summed
up by prefix as they come, so that a frame of any organisation is read off and costs the same
however large the province is.  An organisation's own unit (本级) is the child that bears the
organisation's own code: children always add up to their parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from schemas.elements import ELEMENTS
from schemas.organisations import bucket_of, scope_of
from services.dashboard_api.panels.buckets import buckets_until

LENGTHS = (2, 4, 6, 12)
_ACTIVE = {name: element.active for name, element in ELEMENTS.items()}
_PARENT_LENGTH = {2: 0, 4: 2, 6: 4, 12: 6}


class Cell(NamedTuple):
    """Where a number stands."""

    element: str
    org: str
    status: str


class Flow(NamedTuple):
    """One step of a number: a thing that came to a status of an organisation, or left it."""

    element: str
    org: str
    status: str
    bucket: int
    delta: int


class _WayUp(NamedTuple):
    """All that the number of an organisation adds up to, and how it is named; its own is last."""

    numbers: tuple[dict[str, int], ...]
    moves: tuple[dict[int, int], ...]
    touched: tuple[tuple[str, str], ...]
    county: str
    counties: dict[str, int]
    """Active things of the county and of those of the same city."""


Statuses = Mapping[str, int]
_NOTHING: dict[str, dict[str, int]] = {}


class Levels:
    """Numbers at one moment, and the moves of the day that led there."""

    def __init__(self) -> None:
        self._children: dict[tuple[str, str], dict[str, dict[str, int]]] = {}
        self._counties: dict[tuple[str, str], dict[str, int]] = {}
        self._moves: dict[tuple[str, str], dict[int, int]] = {}
        self._touched: set[tuple[str, str]] = set()
        self._ways_up: dict[tuple[str, str], _WayUp] = {}

    def count(self, element: str, org: str, status: str, bucket: int, delta: int) -> None:
        """Count one flow, given by its parts (see ``Flow``)."""
        way = self.add_level(element, org, status, delta)
        if status in _ACTIVE[element]:
            for moves in way.moves:
                moves[bucket] = moves.get(bucket, 0) + delta

    def add_level(self, element: str, org: str, status: str, n: int) -> _WayUp:
        """Add to the number of a cell, and to all that it adds up to."""
        key = (element, org)
        way = self._ways_up.get(key) or self._way_up(element, org)
        for numbers in way.numbers:
            numbers[status] = numbers.get(status, 0) + n
        if status in _ACTIVE[element]:
            way.counties[way.county] = way.counties.get(way.county, 0) + n
        self._touched.add(key)
        return way

    def add_move(self, element: str, org: str, bucket: int, n: int) -> None:
        """Tell the trend that the active things of an organisation rose by ``n`` in a bucket."""
        way = self._ways_up.get((element, org)) or self._way_up(element, org)
        for moves in way.moves:
            moves[bucket] = moves.get(bucket, 0) + n

    def _way_up(self, element: str, org: str) -> _WayUp:
        """Looked up once for each organisation: most of what is added is added there again."""
        numbers, moves, touched = [], [], []
        for length in LENGTHS:
            code = bucket_of(org, length)
            siblings = self._children.setdefault((element, org[: _PARENT_LENGTH[length]]), {})
            numbers.append(siblings.setdefault(code, {}))
            moves.append(self._moves.setdefault((element, org[:length]), {}))
            touched.append((element, code))
        counties = self._counties.setdefault((element, org[: _PARENT_LENGTH[6]]), {})
        way = self._ways_up[element, org] = _WayUp(
            tuple(numbers), tuple(moves), tuple(touched), bucket_of(org, 6), counties
        )
        return way

    @property
    def cells(self) -> dict[Cell, int]:
        """Every number where it came in, before anything is summed up."""
        return {
            Cell(element, org, status): n
            for (element, org), way in self._ways_up.items()
            for status, n in way.numbers[-1].items()
        }

    def touched(self) -> set[tuple[str, str]]:
        """(element, organisation) of every number that moved since the last call."""
        added_to, self._touched = self._touched, set()
        return {number for key in added_to for number in self._ways_up[key].touched}

    def touched_elements(self) -> set[str]:
        """The elements of which any number moved since the last call of this or ``touched``."""
        added_to, self._touched = self._touched, set()
        return {element for element, _ in added_to}

    def statuses(self, element: str, org: str) -> Statuses:
        """The number of each status at an organisation and all below it."""
        scope = scope_of(org)
        return self._below(element, scope[: _PARENT_LENGTH[len(scope)]]).get(org, {})

    def children(self, element: str, org: str) -> Mapping[str, Statuses]:
        """The numbers of what lies directly below, the organisation's own unit included."""
        scope = scope_of(org)
        if len(scope) == LENGTHS[-1]:
            return {org: self.statuses(element, org)}
        return self._below(element, scope)

    def counties(self, element: str, org: str) -> Iterator[tuple[str, int]]:
        """The active things of every county below a province or a city."""
        scope = scope_of(org)
        if len(scope) == 2:
            for city in self._below(element, scope):
                yield from self._counties[element, city[:4]].items()
        elif len(scope) == 4:
            yield from self._counties.get((element, scope), {}).items()

    def trend(self, element: str, org: str, newest: int) -> list[int]:
        """Active things at the end of each bucket of the day, oldest first."""
        moves = self._moves.get((element, scope_of(org)), {})
        level = total(element, self.statuses(element, org))
        values: list[int] = []
        for bucket in reversed(buckets_until(newest)):
            values.append(level)
            level -= moves.get(bucket, 0)
        values.reverse()
        return values

    def forget_before(self, bucket: int) -> None:
        """Let go of moves that no trend shows any more."""
        for moves in self._moves.values():
            for old in [b for b in moves if b < bucket]:
                del moves[old]

    def orgs(self) -> set[str]:
        """Every organisation that ever was responsible for a thing."""
        return {org for _, org in self._ways_up}

    def _below(self, element: str, scope: str) -> dict[str, dict[str, int]]:
        return self._children.get((element, scope), _NOTHING)


def total(element: str, statuses: Statuses) -> int:
    """Things whose status is active."""
    return sum([statuses.get(status, 0) for status in _ACTIVE[element]])


def standing(statuses: Statuses) -> dict[str, int]:
    """The statuses that have a number other than 0, in the order of their names."""
    return {status: statuses[status] for status in sorted(statuses) if statuses[status]}


def differences(
    held: Mapping[Cell, int], counted: Mapping[Cell, int]
) -> list[tuple[Cell, int, int]]:
    """Every cell whose number is not the same in both: (cell, held, counted)."""
    pairs = ((c, held.get(c, 0), counted.get(c, 0)) for c in held.keys() | counted.keys())
    return sorted(pair for pair in pairs if pair[1] != pair[2])
