"""Things within a case that have statuses of their own: its measures and its documents.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from services.dashboard_api.entries import by, moment_in, moment_of, stated
from services.dashboard_api.facts import Fact, speaking
from services.dashboard_api.masking import MASK


def measures_of(facts: Sequence[Fact], moment: datetime) -> list[dict[str, Any]]:
    """The coercive measures of a case at a moment, each by its newest word.

    ``state`` is ``to_come``, ``running`` or ``expired``; null where no expiry is stated.
    """
    told = [
        _measure(of_one, moment)
        for of_one in _grouped(facts, "case.measured", "measure", "person_no")
    ]
    return sorted(told, key=lambda one: (one["from"], one["measure"]))


def documents_of(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """The documents of a case, each with the steps that it took.

    ``state`` is ``approved``, ``returned`` or ``submitted``; ``said`` is the source's own word.
    """
    told = [_document(of_one) for of_one in _grouped(facts, "case.documented", "doc_type", "no")]
    return sorted(told, key=lambda one: (one["from"], one["doc_type"]))


def _grouped(facts: Sequence[Fact], type_: str, *fields: str) -> Iterable[list[Fact]]:
    groups: dict[tuple[Any, ...], list[Fact]] = {}
    for fact, _ in speaking(facts):
        if fact.type == type_:
            groups.setdefault(tuple(fact.data.get(f) for f in fields), []).append(fact)
    return groups.values()


def _measure(facts: Sequence[Fact], moment: datetime) -> dict[str, Any]:
    newest = facts[-1]
    begins, expiry = moment_in(newest, "start"), stated(newest, "expiry")
    return {
        "measure": newest.data["measure"],
        "person_no": newest.data.get("person_no"),
        "from": begins,
        "to": expiry,
        "state": _standing(begins, expiry, moment),
        "approver": MASK if newest.data.get("approver") else None,
        "extended": [
            {
                "until": moment_of(one["until"]),
                "basis": one.get("basis"),
                "approver": MASK if one.get("approver") else None,
            }
            for one in newest.data.get("extensions") or ()
        ],
        "excluded": [
            {
                "from": moment_of(one["start"]),
                "to": moment_of(one["end"]) if one.get("end") else None,
                "reason": one.get("reason"),
            }
            for one in newest.data.get("excluded_intervals") or ()
        ],
        "events": [fact.id for fact in facts],
    }


def _standing(begins: datetime, expiry: datetime | None, moment: datetime) -> str | None:
    if begins > moment:
        return "to_come"
    if expiry is None:
        return None
    return "running" if moment < expiry else "expired"


def _document(facts: Sequence[Fact]) -> dict[str, Any]:
    newest = facts[-1]
    submitted = [at for fact in facts if (at := stated(fact, "submitted_at"))]
    return {
        "doc_type": newest.data["doc_type"],
        "no": newest.data.get("no"),
        "person_no": newest.data.get("person_no"),
        "from": min(submitted, default=facts[0].occurred_at),
        "to": stated(newest, "approved_at"),
        "state": _step(newest),
        "said": newest.data.get("state"),
        "approver": MASK if by(newest, "reviewer") else None,
        "returned_reason": newest.data.get("returned_reason"),
        "steps": [{"at": fact.occurred_at, "state": _step(fact)} for fact in facts],
        "events": [fact.id for fact in facts],
    }


def _step(fact: Fact) -> str:
    if fact.data.get("approved_at"):
        return "approved"
    return "returned" if fact.data.get("returned_reason") else "submitted"
