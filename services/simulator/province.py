"""The province: centres with their stations, officers and rooms, made from the seed.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from schemas.organisations import Organisation, Organisations
from services.simulator.draws import digest_of, random_of
from services.simulator.errors import OptionInvalid

CENTRES = 92
STATIONS_LEAST, STATIONS_MOST = 4, 12

_BY_KIND_OF_PLACE = {"区": 1.15, "市": 1.35, "县": 0.75}
_CITY_OWN = 0.8

_ROOMS: tuple[tuple[str, str, str, float, int], ...] = (
    # kind, zone, name, how many for a centre of middle size, capacity
    ("interrogation", "办案区", "讯问室", 5.0, 1),
    ("question", "办案区", "询问室", 3.0, 1),
    ("waiting_men", "办案区", "男等候室", 2.6, 5),
    ("waiting_women", "办案区", "女等候室", 1.0, 4),
    ("waiting_minors", "办案区", "未成年人等候室", 1.0, 2),
    ("waiting_special", "办案区", "特殊等候室", 1.0, 1),
    ("search", "办案区", "安全检查室", 1.2, 2),
    ("sampling", "办案区", "信息采集室", 1.4, 2),
    ("medical", "办案区", "体检室", 1.0, 1),
    ("identification", "办案区", "辨认室", 1.0, 2),
    ("lawyer", "办案区", "律师会见室", 1.0, 2),
    ("property", "涉案财物管理区", "涉案财物保管室", 1.6, 0),
    ("dossier", "案件管理区", "案卷保管室", 1.0, 0),
    ("mediation", "服务保障区", "调解室", 1.0, 0),
)
RECORDED = frozenset({
    "interrogation", "question", "waiting_men", "waiting_women", "waiting_minors",
    "waiting_special", "search", "sampling", "medical", "identification",
})  # fmt: skip
"""Kinds of room whose cameras run whenever somebody is inside."""


class Room(NamedTuple):
    """One room of a centre."""

    id: str
    kind: str
    zone: str
    name: str
    capacity: int

    @property
    def channel(self) -> str | None:
        """Its recording channel, where it has one."""
        return f"{self.id}-V1" if self.kind in RECORDED else None


class Unit(NamedTuple):
    """A station or department, with the police numbers of its officers."""

    code: str
    officers: tuple[str, ...]


class Centre(NamedTuple):
    """One law-enforcement management centre: what sends facts."""

    number: int
    code: str
    name: str
    share: float
    """Its part of what happens in the whole province; all 92 add up to 1."""
    units: tuple[Unit, ...]
    staff: tuple[str, ...]
    rooms: dict[str, tuple[Room, ...]]

    @property
    def all_rooms(self) -> tuple[Room, ...]:
        """Every room, by kind."""
        return tuple(room for rooms in self.rooms.values() for room in rooms)

    def handling(self, odd: bool) -> tuple[Room, ...]:
        """Interview rooms that those who came on an odd (or even) day are given.

        So whoever is brought in today never waits for somebody of yesterday's plan, and a day
        can be planned without the day before it.
        """
        both = self.rooms["interrogation"] + self.rooms["question"]
        return both[int(odd) :: 2]


def build(organisations: Organisations, seed: int, centres: int = CENTRES) -> tuple[Centre, ...]:
    """The first ``centres`` centres of the province, the same for the same seed.

    A few centres are spread over the cities; each has the share of the whole that it has among
    all.  Raises OptionInvalid for a number of centres that the organisations do not have.
    """
    homes = _homes(organisations)
    if not 1 <= centres <= len(homes):
        raise OptionInvalid("--centres", f"there are 1 to {len(homes)}, not {centres}")
    weights = [_weight(home, seed) for home in homes]
    least, most, total = min(weights), max(weights), sum(weights)
    return tuple(
        _centre(n, home, weight / total, (weight - least) / (most - least or 1), seed)
        for n, (home, weight) in enumerate(zip(homes, weights, strict=True))
    )[:centres]


def _homes(organisations: Organisations) -> list[Organisation]:
    """Where a centre is: cities in turn, each city's own centre after its first county."""
    by_city: list[list[Organisation]] = []
    for city in organisations.children(organisations.root.code):
        counties = [county for county in organisations.children(city.code) if county.centre]
        own = [city] if city.centre else []
        by_city.append([*counties[:1], *own, *counties[1:]])
    rows = max(map(len, by_city), default=0)
    return [homes[row] for row in range(rows) for homes in by_city if row < len(homes)]


def _weight(home: Organisation, seed: int) -> float:
    jitter = 0.65 + 0.8 * random_of(digest_of(seed, "share", home.code)).random()
    if home.level == "city":
        return _CITY_OWN * jitter
    return _BY_KIND_OF_PLACE.get(home.name[-1], 1.0) * jitter


def _centre(number: int, home: Organisation, share: float, size: float, seed: int) -> Centre:
    random = random_of(digest_of(seed, "centre", home.code))
    units = tuple(
        Unit(code, _officers(number, n, 6 + int(size * 10 + random.random() * 4)))
        for n, code in enumerate(_unit_codes(home, size), start=1)
    )
    return Centre(
        number=number,
        code=home.code,
        name=home.name,
        share=share,
        units=units,
        staff=_officers(number, 0, 14 + int(size * 16)),
        rooms=_rooms(home.code, size, random),
    )


def _unit_codes(home: Organisation, size: float) -> Sequence[str]:
    """Stations of a county (digits 7-8 from 50), departments of a city (from 01)."""
    many = STATIONS_LEAST + round(size * (STATIONS_MOST - STATIONS_LEAST))
    first = 1 if home.level == "city" else 50
    return [f"{home.code[:6]}{first + n:02d}0000" for n in range(many)]


def _officers(centre: int, unit: int, many: int) -> tuple[str, ...]:
    """Police numbers that nobody has: 9, centre, unit, serial."""
    return tuple(f"9{centre:02d}{unit:02d}{n:02d}" for n in range(1, many + 1))


def _rooms(code: str, size: float, random: Random) -> dict[str, tuple[Room, ...]]:
    """Rooms by kind, more of them where more happens."""
    found: dict[str, tuple[Room, ...]] = {}
    serial = 0
    for kind, zone, name, usual, capacity in _ROOMS:
        many = max(1, round(usual * (0.6 + 0.9 * size) + random.random() * 0.5))
        rooms = []
        for n in range(1, many + 1):
            serial += 1
            rooms.append(Room(f"{code}-{serial:02d}", kind, zone, f"{name}{n}", capacity))
        found[kind] = tuple(rooms)
    return found
