"""Facts as the API tells them.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.things import fact_id
from services.dashboard_api.chain import Link, Place, linked, place_of
from services.dashboard_api.facts import Fact, corrections, late_ones
from services.dashboard_api.masking import masked


def told(facts: Iterable[Fact], after: Mapping[Place, str] | None = None) -> list[dict[str, Any]]:
    """Each fact with its three times, whether it came late, what it changed, and its chain.

    ``facts`` stand by thing and version; ``after`` is what facts that are not among them say of
    the one before (see ``chain.linked``).  What identifies a person is masked.
    """
    known = list(facts)
    late = late_ones(known)
    corrected = corrections(known)
    links = linked(known, after or {})
    return [
        _one(
            fact,
            late=(fact.node, fact.position) in late,
            corrected_by=corrected.get((fact.key, fact_id(fact.source, fact.id))),
            link=links[place_of(fact)],
        )
        for fact in known
    ]


def _one(fact: Fact, *, late: bool, corrected_by: str | None, link: Link) -> dict[str, Any]:
    return {
        "id": fact.id,
        "type": fact.type,
        "element": fact.element,
        "subject": fact.subject,
        "version": fact.version,
        "node": fact.node,
        "position": fact.position,
        "source": fact.source,
        "sender": fact.sender,
        "org": fact.org,
        "occurred_at": fact.occurred_at,
        "recorded_at": fact.recorded_at,
        "received_at": fact.received_at,
        "delay_s": (fact.received_at - fact.occurred_at).total_seconds(),
        "late_s": (fact.recorded_at - fact.occurred_at).total_seconds(),
        "late": late,
        "sequence": fact.sequence,
        "corrects": fact.corrects,
        "corrected_by": corrected_by,
        "unusual": any(change["unusual"] for change in fact.changes),
        "changes": [_change(change) for change in fact.changes],
        "refs": [{"element": element, "id": id_} for element, id_ in fact.refs],
        "data": masked(fact.type, fact.data),
        "prev": fact.prev,
        "hash": link.hash,
        "chain": link.chain,
    }


def _change(change: dict[str, Any]) -> dict[str, Any]:
    return {
        "element": change["element"],
        "id": change["id"],
        "from": change["from_status"] or None,
        "to": change["to_status"] or None,
        "from_org": change["from_org"] or None,
        "to_org": change["to_org"],
        "since": change["since"],
        "unusual": change["unusual"],
    }
