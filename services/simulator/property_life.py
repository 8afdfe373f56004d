"""物: an item from its seizure to where it goes in the end.  Pure."""

from __future__ import annotations

from schemas.facts.property import (
    PropertyDisposed,
    PropertyMoved,
    PropertySeized,
    PropertyStored,
)
from services.simulator import made_up, words
from services.simulator.case_facts import Case
from services.simulator.draws import Table, between, pick, skewed
from services.simulator.life import Life, Moment
from services.simulator.roots import Root
from services.simulator.times import DAY, HOUR, MINUTE

_MANY = {"criminal": Table((0, 0.08), (1, 0.24), (2, 0.26), (3, 0.20), (4, 0.10), (6, 0.12)),
         "administrative": Table((0, 0.34), (1, 0.38), (2, 0.20), (3, 0.08))}  # fmt: skip
COUNT_EVERY = 22 * DAY
"""An item in store is counted about that often."""


class Item(Life):
    """One item, or one lot of equal ones."""

    __slots__ = ("custodian", "ending", "name", "number", "owner", "quantity", "root", "slot")

    root: Root
    number: str
    name: str
    quantity: float
    owner: str
    custodian: str
    slot: int
    ending: str


def items(seed: int, root: Root, case: Case) -> list[Item]:
    """Plan what is seized in a case."""
    if not root.matter.items:
        return []
    first = Item(root.centre, root.unit, seed, "item", root.name, 0)
    many = _MANY[root.kind].draw(first.random)
    lives = [first] + [
        Item(root.centre, root.unit, seed, "item", root.name, n) for n in range(1, many)
    ]
    for n, life in enumerate(lives[:many]):
        _plan(life, root, case, n)
    return lives[:many]


def _plan(life: Item, root: Root, case: Case, n: int) -> None:
    random = life.random
    life.root = root
    life.number = f"W{root.name}{n + 1:02d}"
    life.name = pick(random, root.matter.items)
    many = life.name in ("现金", "赌资")
    life.quantity = float(100 * (1 + int(random.random() * 80)) if many else 1)
    life.owner = made_up.name(random)
    life.custodian = root.centre.staff[4 + int(random.random() * 4)]
    life.slot = int(random.random() * 400)
    life.ending = words.ENDINGS_OF_ITEM.draw(random)
    seized = root.accepted + between(random, 10 * MINUTE, 5 * HOUR)
    stored = seized + between(random, 30 * MINUTE, 20 * HOUR)
    if random.random() < 0.03:
        stored += skewed(random, 10 * HOUR, 0.6, 2 * DAY)
    last = root.accepted + root.span - HOUR
    disposed = max(case.closed, stored) + between(random, HOUR, 24 * DAY)
    disposed = min(max(disposed, stored + DAY), last)
    life.typed(seized, _seized, seized)
    life.typed(stored, _stored, stored)
    _lent(life, stored, disposed)
    _counted(life, stored, disposed)
    life.typed(disposed, _disposed, disposed)
    life.planned()


def _lent(life: Item, stored: int, disposed: int) -> None:
    """Some are taken out for a test or a hearing."""
    random = life.random
    if random.random() > 0.26 or disposed - stored < 4 * DAY:
        return
    out = stored + between(random, DAY, (disposed - stored) // 2)
    due = out + 3 * DAY
    back = min(out + skewed(random, 30 * HOUR, 0.8, 9 * DAY), disposed - 2 * HOUR)
    life.typed(out, _moved, "lend", due)
    life.typed(back, _moved, "return", None)


def _counted(life: Item, stored: int, disposed: int) -> None:
    """Counts; where one does not find the item, it turns up within days."""
    random = life.random
    at = stored + int(COUNT_EVERY * (0.3 + random.random()))
    while at < disposed - 2 * DAY:
        if random.random() < 0.01:
            life.typed(at, _moved, "count", None, "mismatch")
            at += between(random, 3 * HOUR, 40 * HOUR)
            life.typed(at, _moved, "return", None)
        else:
            life.typed(at, _moved, "count", None, "match")
        at += COUNT_EVERY


def _seized(life: Item, at: Moment, when: int) -> PropertySeized:
    root = life.root
    return PropertySeized(
        org=life.unit.code,
        item_no=life.number,
        case_no=root.case_no,
        person_no=root.persons[0] if root.persons and root.told else None,
        name=life.name,
        category=words.CATEGORY_OF_ITEM.get(life.name, "其他"),
        quantity=life.quantity,
        unit=words.UNIT_OF_ITEM.get(life.name, "件"),
        seized_at=at(when),
        place=f"{life.centre.name}{words.ROADS[life.slot % len(words.ROADS)]}",
        owner=life.owner,
        list_no=f"QD{root.name}",
        recording_id=f"rec/{life.number}",
        approver=life.unit.officers[0],
    )


def _stored(life: Item, at: Moment, when: int) -> PropertyStored:
    store = life.centre.rooms["property"][life.slot % len(life.centre.rooms["property"])]
    return PropertyStored(
        org=life.unit.code,
        item_no=life.number,
        handed_at=at(when),
        custodian=life.custodian,
        store=store.id,
        slot=f"{life.slot // 20 + 1}-{life.slot % 20 + 1}",
        rfid=f"E200{life.order % 10**12:012d}",
        seal=f"FT{life.number[1:]}",
        photo=f"photo/{life.number}",
    )


def _moved(
    life: Item, at: Moment, action: str, due: int | None, result: str | None = None
) -> PropertyMoved:
    return PropertyMoved(
        org=life.unit.code,
        actor=life.custodian,
        item_no=life.number,
        action=action,  # type: ignore[arg-type]  # planned above from the Literal's own values
        approver=life.unit.officers[0] if action == "lend" else None,
        due_back=at(due) if due else None,
        condition="完好" if action == "return" else None,
        count_result=result,  # type: ignore[arg-type]  # likewise
    )


def _disposed(life: Item, at: Moment, when: int) -> PropertyDisposed:
    return PropertyDisposed(
        org=life.unit.code,
        actor=life.custodian,
        item_no=life.number,
        action=life.ending,
        basis_doc=f"CL{life.number[1:]}",
        receiver=life.owner if life.ending == "返还" else None,
        at=at(when),
    )
