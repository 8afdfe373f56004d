"""Roots: what begins in a centre on a day, and what will come of it in outline.  Pure.

An outline is cheap to draw, so a simulator that starts anew looks through the outlines of the
last months and words only what is still going on.  All of a case's later life (items, dossiers)
ends within the span that its root draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from services.simulator import curve, words
from services.simulator.draws import Table, between, digest_of, pick, random_of, whole
from services.simulator.province import Centre, Unit
from services.simulator.times import DAY, HOUR, MINUTE, day_digits, midnight
from services.simulator.words import Matter

EVENTS_A_DAY = 94_000
"""What all that begins below gives in the whole province, on average."""
INCIDENTS_A_DAY = 3_100
"""Incidents of which no case comes, in the whole province."""
CASES_A_DAY = 490
"""Cases, most of them with an incident before."""
LONGEST_DAYS = 80
"""No root has anything more to say after that many days."""
SHORT_DAYS = 3
"""Incidents and stays of a day are over that many days later; only cases go on."""

_FIRST_CASE = 600
_KINDS = Table(("fast", 0.40), ("ordinary", 0.30), ("criminal", 0.30))
_SPAN_DAYS = {"fast": (6, 20), "ordinary": (14, 45), "criminal": (30, LONGEST_DAYS - 4)}
_PERSONS = Table((0, 0.10), (1, 0.46), (2, 0.27), (3, 0.12), (5, 0.05))
_PERSONS_OF_PLAIN = Table((0, 0.850), (1, 0.112), (2, 0.031), (3, 0.007))


class Root(NamedTuple):
    """One incident, or one case with the incident before it."""

    centre: Centre
    unit: Unit
    name: str
    """Tells the root from all others of the province."""
    kind: str
    """plain, administrative or criminal."""
    fast: bool
    matter: Matter
    jq_no: str | None
    received: int
    on_scene: int
    disposed: int
    persons: tuple[str, ...]
    """Numbers of the stays that it leads to."""
    brought: int
    case_no: str | None = None
    accepted: int = 0
    span: int = 0
    """All is said ``span`` after ``accepted``."""
    told: bool = True
    """Whether its incident and stays began within the time that is told of."""

    @property
    def known_jq_no(self) -> str | None:
        """The incident's number, where the incident is told of."""
        return self.jq_no if self.told else None

    @property
    def ends(self) -> int:
        """The last moment at which anything of its case can be sent."""
        return self.accepted + self.span + DAY


def incidents(seed: int, centre: Centre, day: int, told_from: int) -> Iterator[Root]:
    """The incidents of a day of which no case comes."""
    random = random_of(digest_of(seed, "incidents", centre.code, day))
    for n in range(whole(random, INCIDENTS_A_DAY * centre.share * curve.of_weekday(day))):
        persons = _PERSONS_OF_PLAIN.draw(random)
        root = _root(random, centre, day, n, "plain", words.PLAIN.draw(random), persons)
        yield root if root.received >= told_from else root._replace(told=False)


def cases(seed: int, centre: Centre, day: int, told_from: int) -> Iterator[Root]:
    """The cases that begin on a day."""
    random = random_of(digest_of(seed, "cases", centre.code, day))
    for n in range(whole(random, CASES_A_DAY * centre.share * curve.of_weekday(day))):
        drawn = _KINDS.draw(random)
        kind = "criminal" if drawn == "criminal" else "administrative"
        matters = words.CRIMINAL if kind == "criminal" else words.ADMINISTRATIVE
        persons = _PERSONS.draw(random)
        reported = random.random() < 0.72
        root = _root(
            random, centre, day, _FIRST_CASE + n, kind, matters.draw(random), persons,
            in_office_hours=not reported,
        )  # fmt: skip
        low, high = _SPAN_DAYS[drawn]
        yield root._replace(
            fast=drawn == "fast",
            jq_no=root.jq_no if reported else None,
            case_no=f"A{root.unit.code}{day_digits(day)[:6]}{day_digits(day)[6:]}{n:02d}",
            accepted=root.disposed + between(random, 20 * MINUTE, 14 * HOUR),
            span=between(random, low * DAY, high * DAY),
            told=root.received >= told_from,
        )


def _root(
    random: Random,
    centre: Centre,
    day: int,
    n: int,
    kind: str,
    matter: Matter,
    persons: int,
    *,
    in_office_hours: bool = False,
) -> Root:
    unit = pick(random, centre.units)
    received = midnight(day) + (
        between(random, 8 * HOUR, 16 * HOUR) if in_office_hours else curve.time_of_day(random)
    )
    on_scene = received + between(random, 4 * MINUTE, 19 * MINUTE)
    disposed = on_scene + between(random, 12 * MINUTE, 62 * MINUTE)
    stem = f"{centre.code[:6]}{day_digits(day)}{n:04d}"
    return Root(
        centre=centre,
        unit=unit,
        name=stem,
        kind=kind,
        fast=False,
        matter=matter,
        jq_no=f"J{centre.code}{day_digits(day)}{n:04d}",
        received=received,
        on_scene=on_scene,
        disposed=disposed,
        persons=tuple(f"R{stem}{k:02d}" for k in range(1, persons + 1)),
        brought=disposed + between(random, 5 * MINUTE, 45 * MINUTE),
    )
