"""The custody chain of an item: who held it from when to when, and where nobody answers for it.

Every fact of the item that no other corrects stands in one entry, once; a ``gap`` is the time
between taking and storing (行规190), with the limit in force on its day.  Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from schemas.limits import Limits
from services.dashboard_api.entries import by, entry, joined, moment_in, moment_of
from services.dashboard_api.facts import Fact, speaking

Entry = dict[str, Any]

HANDOVER = "property_handover"
_HOLDERS = {
    "seized": "handler",
    "stored": "custodian",
    "lent": "borrower",
    "returned": "custodian",
    "disposed": "receiver",
}


def custody_of(
    facts: Sequence[Fact], moment: datetime, limits: Limits, zone: tzinfo
) -> list[Entry]:
    """The chain up to a moment, from the facts of one item."""
    entries = [_entry(fact) for fact, _ in speaking(facts)]
    entries.sort(key=lambda one: one["from"])
    held = [one for one in entries if one["kind"] in _HOLDERS]
    for one, after in itertools.pairwise(held):
        one["to"] = after["from"]
    _carry_on(held)
    for one in held:
        one["over_s"] = _over_s(one["due_back"], one["to"] or moment)
    gaps = [_gap(one, moment, limits, zone) for one in held if one["kind"] == "seized"]
    return sorted([*entries, *gaps], key=lambda one: (one["from"], one["kind"] == "gap"))


def _entry(fact: Fact) -> Entry:
    match fact.type:
        case "property.seized":
            at, who = moment_in(fact, "seized_at"), by(fact, "actor", "approver")
            where, what = fact.data.get("place"), _quantity(fact)
            return _held("seized", fact, at, who, where=where, what=what)
        case "property.stored":
            at, who = moment_in(fact, "handed_at"), by(fact, "actor", "custodian")
            return _held("stored", fact, at, who, where=_place(fact), what=fact.data.get("seal"))
        case "property.disposed":
            at, who = moment_in(fact, "at"), by(fact, "actor")
            what = joined(fact.data["action"], fact.data.get("basis_doc"))
            return _held("disposed", fact, at, who, what=what)
        case _:
            return _moved(fact)


def _moved(fact: Fact) -> Entry:
    who, at = by(fact, "actor", "approver"), fact.occurred_at
    if fact.data["action"] == "count":
        result = fact.data.get("count_result")
        counted = entry("counted", [fact], begins=at, ends=at, who=who, what=result)
        return {**counted, "holder": None, "where": None, "due_back": None,
                "mismatch": result == "mismatch"}  # fmt: skip
    kind = "lent" if fact.data["action"] == "lend" else "returned"
    due = fact.data.get("due_back")
    return _held(
        kind, fact, at, who, what=fact.data.get("condition"), due_back=due and moment_of(due)
    )


def _held(
    kind: str,
    fact: Fact,
    at: datetime,
    who: list[str],
    *,
    where: str | None = None,
    what: str | None = None,
    due_back: datetime | None = None,
) -> Entry:
    told = entry(kind, [fact], begins=at, ends=None, who=who, what=what)
    return {**told, "holder": _HOLDERS[kind], "where": where, "due_back": due_back}


def _place(fact: Fact) -> str | None:
    return joined(fact.data.get("store"), fact.data.get("slot"))


def _quantity(fact: Fact) -> str | None:
    """What was taken, and how much of it."""
    quantity = fact.data.get("quantity")
    amount = None if quantity is None else f"{quantity:g}{fact.data.get('unit') or ''}"
    return joined(fact.data.get("name"), amount)


def _carry_on(held: Sequence[Entry]) -> None:
    """What comes back goes where it was stored before."""
    place = None
    for one in held:
        if one["kind"] == "stored":
            place = one["where"]
        elif one["kind"] == "returned":
            one["where"] = place


def _over_s(due: datetime | None, ended: datetime) -> float | None:
    """How long after it was due; null where nothing was due, or it was in time."""
    if due is None or ended <= due:
        return None
    return (ended - due).total_seconds()


def _gap(seized: Entry, moment: datetime, limits: Limits, zone: tzinfo) -> Entry:
    """Between the taking and the next who answers for it."""
    begins, ends = seized["from"], seized["to"]
    text = limits.get(HANDOVER).text_on(begins.astimezone(zone).date())
    limit_s = None if text is None else text.variants[0].hours * 3600
    lasted_s = ((ends or moment) - begins).total_seconds()
    return {
        **entry("gap", [], begins=begins, ends=ends, what="not_in_custody"),
        "holder": None,
        "where": None,
        "due_back": None,
        "limit_s": limit_s,
        "over_s": None if limit_s is None or lasted_s <= limit_s else lasted_s - limit_s,
        "basis": text and text.article,
    }
