"""A cohort: all that begins in one centre on one day, planned without any other day.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

from services.simulator import roots
from services.simulator.bookings import Bookings, Visit
from services.simulator.case_facts import Case
from services.simulator.case_life import case
from services.simulator.dossier_life import Dossier, dossier
from services.simulator.incident_life import incident
from services.simulator.life import Life
from services.simulator.property_life import Item, items
from services.simulator.province import Centre
from services.simulator.rooms import Ledger, RoomDay, room_day
from services.simulator.roots import Root
from services.simulator.stay_life import stay
from services.simulator.times import HOUR

INCIDENT_MOST = 30 * HOUR
"""An incident has nothing more to say so long after its disposal."""


def whole(
    seed: int,
    centre: Centre,
    day: int,
    told_from: int,
    ledger: Ledger,
    *,
    after: int = 0,
    begun_before: bool = True,
) -> tuple[list[Life], RoomDay]:
    """Every life that begins on the day, and what they do to the rooms.

    Leaves out incidents that are over ``after`` that moment, and with ``begun_before`` false
    all that began before what is told of.
    """  # fmt: skip
    rooted = [*roots.incidents(seed, centre, day, told_from)]
    cases = [*roots.cases(seed, centre, day, told_from)]
    if not begun_before:
        rooted = [root for root in rooted if root.told]
        cases = [root for root in cases if root.told]
    lives = [life for root in cases for life in of_case(seed, root)]
    rooted += cases
    lives += [
        incident(seed, root)
        for root in rooted
        if root.jq_no and root.disposed + INCIDENT_MOST > after
    ]
    bookings, visits = Bookings(centre.handling(bool(day % 2))), list[Visit]()
    for root in sorted(rooted, key=lambda r: (r.brought, r.name)):
        for number in root.persons:
            life = stay(seed, root, number, bookings)
            visits += life.visits
            del life.visits
            lives.append(life)
    return lives, room_day(seed, centre, day, ledger, visits)


def of_case(seed: int, root: Root) -> list[Life]:
    """The case itself, first, with its items and its dossier."""
    life = case(seed, root)
    if life.declined:
        return [life]
    return [life, *items(seed, root, life), dossier(seed, root, life)]


def still_going(
    seed: int, centre: Centre, day: int, told_from: int, after: int
) -> Iterator[list[Life]]:
    """The cases of a day long ago of which something may still be said after a moment."""
    for root in roots.cases(seed, centre, day, told_from):
        if root.ends > after:
            yield of_case(seed, root)


def belongs_to_case(life: Life) -> bool:
    """Whether a life is part of the case that stands before it."""
    return isinstance(life, Item | Dossier)


def goes_on_for_weeks(life: Life) -> bool:
    """Whether a life is a case; all others are over in days."""
    return isinstance(life, Case)
