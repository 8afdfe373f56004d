"""案: the life of a case, administrative or criminal, from the review to its close.  Pure.

Moments are drawn as parts of the span that the root has drawn, so a case, its items and its
dossier are over when the root says.
"""

from __future__ import annotations

from random import Random

from services.simulator import case_facts, words
from services.simulator.case_facts import Case
from services.simulator.draws import between, pick
from services.simulator.roots import Root
from services.simulator.times import DAY, HOUR, MINUTE


def case(seed: int, root: Root) -> Case:
    """Plan a case."""
    life = Case(root.centre, root.unit, seed, "case", root.name)
    life.root, life.closed, life.declined = root, 0, False
    life.officer = pick(life.random, root.unit.officers)
    life.reviewer = pick(life.random, root.centre.staff)
    life.head = root.unit.officers[0]
    life.penalty = words.PENALTIES.draw(life.random)
    if root.kind == "criminal":
        _criminal(life)
    else:
        _administrative(life)
    life.planned()
    return life


def _part(life: Case, low: float, high: float) -> int:
    """A part of the case's span."""
    return between(life.random, int(low * life.root.span), int(high * life.root.span))


def _administrative(life: Case) -> None:
    random, root = life.random, life.root
    opened = root.accepted
    if random.random() < 0.22:
        life.typed(root.accepted, case_facts.accepted, "review", None)
        opened += between(random, HOUR, 22 * HOUR)
        if random.random() < 0.3:
            life.typed(opened, case_facts.accepted, "decline", opened)
            life.closed, life.declined = opened, True
            return
    life.typed(opened, case_facts.accepted, "accept", opened)
    if root.fast:
        decided = opened + between(random, 3 * HOUR, 45 * HOUR)
    else:
        low, high = (0.16, 0.5) if random.random() < 0.95 else (0.68, 0.8)
        decided = opened + _part(life, low, high)
    _summoned(life)
    _documents(life, words.ADMINISTRATIVE_DOCUMENTS, opened, decided)
    life.typed(decided, case_facts.decided, life.penalty, decided)
    if "拘留" in life.penalty and root.persons:
        days = 3 + int(random.random() * 12)
        life.typed(
            decided + HOUR, case_facts.measured, "行政拘留", decided, decided + days * DAY, 0, ()
        )
    closed = decided + _part(life, 0.02, 0.12)
    if not root.fast and random.random() < 0.05:
        upheld = "upheld" if random.random() < 0.8 else "changed"
        life.typed(closed, case_facts.transferred, upheld, closed)
        closed += _part(life, 0.01, 0.05)
    life.closed = closed
    life.typed(closed, case_facts.transferred, "closed", closed)


def _summoned(life: Case) -> None:
    """The summons of those who were brought in."""
    if life.root.persons:
        start = life.root.brought
        life.typed(start, case_facts.measured, "行政传唤", start, start + 8 * HOUR, 0, ())


def _criminal(life: Case) -> None:
    random, root = life.random, life.root
    life.typed(root.accepted, case_facts.accepted, "review", None)
    days = 7 if random.random() < 0.05 else 3
    opened = root.accepted + between(random, 2 * HOUR, days * DAY - HOUR)
    if random.random() < 0.09:
        life.typed(opened, case_facts.accepted, "decline", opened)
        life.closed, life.declined = opened, True
        return
    life.typed(opened, case_facts.accepted, "open", opened)
    submitted = opened + _part(life, 0.16, 0.42)
    _coercion(life, opened, submitted)
    _documents(life, words.CRIMINAL_DOCUMENTS, opened, submitted)
    life.typed(submitted - 2 * HOUR, case_facts.decided, "移送审查起诉", submitted - 2 * HOUR)
    life.typed(submitted, case_facts.transferred, "submitted", submitted)
    if random.random() < 0.14:
        returned = submitted + _part(life, 0.04, 0.09)
        life.typed(returned, case_facts.transferred, "returned", returned)
        submitted = returned + _part(life, 0.05, 0.12)
        life.typed(submitted, case_facts.transferred, "submitted", submitted)
    ended = submitted + _part(life, 0.06, 0.14)
    if random.random() < 0.93:
        life.typed(ended, case_facts.transferred, "prosecuted", ended)
        life.closed = ended + _part(life, 0.01, 0.05)
        life.typed(life.closed, case_facts.transferred, "closed", life.closed)
    else:
        life.closed = ended
        life.typed(ended, case_facts.transferred, "not_prosecuted", ended)


def _coercion(life: Case, opened: int, submitted: int) -> None:
    """刑拘 with its extensions and what follows it, or release on bail at once."""
    random = life.random
    if not life.root.persons:
        return
    if random.random() < 0.45:
        life.typed(
            opened + HOUR, case_facts.measured, "取保候审", opened, opened + 365 * DAY, 0, ()
        )
        return
    start = opened + between(random, 10 * MINUTE, 8 * HOUR)
    until, extensions = start + 3 * DAY, 0
    life.typed(start, case_facts.measured, "刑事拘留", start, until, 0, ())
    granted: list[int] = []
    for further, odds in ((7, 0.6), (30, 0.35)):
        if random.random() > odds or until > submitted:
            break
        asked = until - between(random, 2 * HOUR, 20 * HOUR)
        until, extensions = start + further * DAY, extensions + 1
        granted.append(until)
        life.typed(asked, case_facts.measured, "刑事拘留", start, until, extensions, tuple(granted))
    if until + DAY < submitted:
        measure, days = ("逮捕", 60) if random.random() < 0.55 else ("取保候审", 365)
        begins = until - between(random, HOUR, 10 * HOUR)
        life.typed(begins, case_facts.measured, measure, begins, begins + days * DAY, 0, ())


def _documents(life: Case, kinds: tuple[str, ...], begins: int, ends: int) -> None:
    """Each document once it is approved; some come back first."""
    random = life.random
    for n, kind in enumerate(kinds):
        if random.random() < 0.22:
            continue
        at = begins + int((ends - begins) * (n + _spread(random)) / len(kinds))
        approved = at + between(random, 10 * MINUTE, 5 * HOUR)
        if random.random() < 0.07:
            life.typed(at, case_facts.documented, kind, n, at, None, random.random())
            approved += between(random, HOUR, 20 * HOUR)
        life.typed(approved, case_facts.documented, kind, n, at, approved, 0.0)


def _spread(random: Random) -> float:
    return 0.1 + 0.8 * random.random()
