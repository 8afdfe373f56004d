"""The life of a dossier: compiled, stored, lent, moved on, archived.  Pure.

Two people take a dossier out and bring it back; ``by`` has as many as are named.  Every fact
of the dossier that no other corrects stands in one entry, once.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.dashboard_api.entries import by, entry, moment_in, stated
from services.dashboard_api.facts import Fact, speaking

_KINDS = {
    "store": "stored",
    "lend": "lent",
    "return": "returned",
    "transfer": "transferred",
    "archive": "archived",
}


def life_of(facts: Sequence[Fact], moment: datetime) -> list[dict[str, Any]]:
    """The entries up to a moment, from the facts of one dossier."""
    entries = [
        _compiled(fact) if fact.type == "dossier.compiled" else _moved(fact)
        for fact, _ in speaking(facts)
    ]
    entries.sort(key=lambda one: one["from"])
    for one, after in itertools.pairwise(entries):
        one["to"] = after["from"]
    for one in entries:
        ended, due = one["to"] or moment, one["due_back"]
        one["over_s"] = (ended - due).total_seconds() if due and ended > due else None
    return entries


def _compiled(fact: Fact) -> dict[str, Any]:
    missing = fact.data.get("missing") or []
    return {
        **entry("incomplete" if missing else "compiled", [fact], begins=fact.occurred_at, ends=None,
                who=by(fact, "actor"), what=fact.data.get("kind"), where=None, due_back=None),
        "missing": missing,
        "pages": fact.data.get("pages"),
        "due_at": stated(fact, "due_at"),
    }  # fmt: skip


def _moved(fact: Fact) -> dict[str, Any]:
    kind, who = _KINDS[fact.data["action"]], by(fact, "officers")
    return entry(
        kind, [fact], begins=moment_in(fact, "at"), ends=None, who=who or by(fact, "actor"),
        what=None, where=fact.data.get("cabinet"), due_back=stated(fact, "due_back"),
    )  # fmt: skip
