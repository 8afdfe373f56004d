"""卷: a case's dossier, from the first papers to the archive.  Pure."""

from __future__ import annotations

from typing import Literal

from schemas.facts.dossiers import DossierCompiled, DossierMoved
from services.simulator import words
from services.simulator.case_facts import Case, due_after
from services.simulator.draws import between, pick, skewed
from services.simulator.life import Life, Moment
from services.simulator.roots import Root
from services.simulator.times import DAY, HOUR, MINUTE

Action = Literal["store", "lend", "return", "transfer", "archive"]


class Dossier(Life):
    """One volume."""

    __slots__ = ("cabinet", "closed", "number", "officers", "pages", "root")

    root: Root
    number: str
    pages: int
    cabinet: str
    officers: list[str]
    closed: int


def dossier(seed: int, root: Root, case: Case) -> Dossier:
    """Plan the dossier of a case."""
    life = Dossier(root.centre, root.unit, seed, "dossier", root.name)
    random = life.random
    life.root, life.closed = root, case.closed
    life.number = f"D{case.number[1:]}-1"
    life.pages = 20 + int(random.random() * 160)
    life.cabinet = f"{root.centre.rooms['dossier'][0].id}/{1 + int(random.random() * 60)}"
    life.officers = [pick(random, root.unit.officers), pick(random, root.centre.staff)]
    last = root.accepted + root.span - HOUR
    at = min(case.closed + skewed(random, 4 * DAY, 0.7, 16 * DAY), last - 30 * HOUR)
    if random.random() < 0.3:
        early = min(at - HOUR, root.accepted + (at - root.accepted) // 2)
        life.typed(early, _compiled, words.DOSSIER_PARTS[3 + int(random.random() * 3)])
    life.typed(at, _compiled, None)
    at += between(random, 5 * MINUTE, 4 * HOUR)
    life.typed(at, _moved, "store", at, None)
    if random.random() < 0.25 and last - at > 4 * DAY:
        out = at + between(random, HOUR, DAY)
        at = min(out + skewed(random, 20 * HOUR, 0.7, 4 * DAY), last - 20 * HOUR)
        life.typed(out, _moved, "lend", out, out + 2 * DAY)
        life.typed(at, _moved, "return", at, None)
    at = min(at + between(random, 10 * HOUR, 9 * DAY), last)
    ends: Action = "transfer" if root.kind == "criminal" else "archive"
    life.typed(at, _moved, ends, at, None)
    life.planned()
    return life


def _compiled(life: Dossier, at: Moment, missing: str | None) -> DossierCompiled:
    return DossierCompiled(
        org=life.unit.code,
        actor=life.officers[0],
        dossier_no=life.number,
        case_no=life.root.case_no,
        kind="诉讼" if life.root.kind == "criminal" else "行政",
        docs=[part for part in words.DOSSIER_PARTS if part != missing],
        missing=[missing] if missing else None,
        pages=life.pages,
        due_at=at(due_after(life.closed)),
    )


def _moved(life: Dossier, at: Moment, action: Action, when: int, due: int | None) -> DossierMoved:
    return DossierMoved(
        org=life.unit.code,
        dossier_no=life.number,
        action=action,
        cabinet=life.cabinet if action in ("store", "return") else None,
        officers=life.officers,
        due_back=at(due) if due else None,
        at=at(when),
    )
