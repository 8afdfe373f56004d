"""Facts and links of things, as the warehouse keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from schemas.facts.cases import CaseMeasured
from schemas.things import Change
from services.dashboard_api.chain import Place, open_ends, place_of
from services.dashboard_api.clocks import Measured, measured_of
from services.dashboard_api.facts import Fact, Key
from services.dashboard_api.reach import Linked
from services.dashboard_api.readers import Readers, sql

THINGS_AT_ONCE = 1_000
"""So many are named in one question: it goes to the warehouse in one line."""


async def facts_of(
    readers: Readers,
    things: Sequence[Key],
    *,
    known: datetime,
    between: tuple[datetime, datetime] | None = None,
) -> list[Fact]:
    """The facts of some things received up to ``known``, by thing and version.

    ``between``: only what happened from the one moment to the other.  Raises WarehouseFailed.
    """
    query = "history_of" if between is None else "history_between"
    asked = dict(zip(("since", "until"), between or (), strict=False))
    wanted = set(things)
    subjects = sorted({subject for _, subject in wanted})
    found: dict[Place, Fact] = {}
    for start in range(0, len(subjects), THINGS_AT_ONCE):
        some = subjects[start : start + THINGS_AT_ONCE]
        found |= await _facts(readers, query, {"subjects": some, **asked}, known)
    return [found[place] for place in sorted(found) if place[:2] in wanted]


async def versions_of(readers: Readers, places: Sequence[Place]) -> dict[Place, Fact]:
    """Certain facts of things, those of them that there are; raises WarehouseFailed."""
    found: dict[Place, Fact] = {}
    for start in range(0, len(places), THINGS_AT_ONCE):
        some = list(places[start : start + THINGS_AT_ONCE])
        found |= await _facts(readers, "versions_of", {"versions": some})
    return found


async def status_before(readers: Readers, thing: Key, moment: datetime, known: datetime) -> str:
    """The status that a thing had before a moment of the world; empty where it had none.

    Raises WarehouseFailed.
    """
    asked = {"element": thing[0], "id": thing[1], "known": known, "moment": moment}
    for (text,) in await readers.rows(sql("last_before"), asked):
        changes = _stored.decode(text).changes
        return next(c.to_status for c in changes if (c.element, c.id) == thing)
    return ""


async def links_of(readers: Readers, thing: Key, as_of: datetime) -> list[Key]:
    """The other things that one is linked to; raises WarehouseFailed."""
    asked = {"element": thing[0], "id": thing[1], "as_of": as_of}
    return sorted(set(await readers.rows(sql("links_of"), asked)))


async def reach_of(readers: Readers, thing: Key, as_of: datetime) -> list[Linked]:
    """Each fact that links a thing to another, or a case to a room; raises WarehouseFailed."""
    rows = await readers.rows(sql("reach_of"), {"element": thing[0], "id": thing[1]})
    return [
        Linked(element, id_, received_at - timedelta(hours=delay_h))
        for element, id_, received_at, delay_h in rows
        if received_at <= as_of
    ]


async def said_after(
    readers: Readers, facts: Sequence[Fact], known: datetime, read: Sequence[Fact] = ()
) -> dict[Place, str]:
    """What the facts that follow some, and are not among them, say of the one before.

    For ``told``, where only a part of a thing's facts is told; ``read`` may be more of them.
    Raises WarehouseFailed.
    """
    said = {(f.element, f.subject, f.version - 1): f.prev for f in read}
    places = [(e, id_, n) for e, id_, n in open_ends(facts) if (e, id_, n - 1) not in said]
    if not places:
        return said
    after = await versions_of(readers, places)
    told = [fact for fact in after.values() if fact.received_at <= known]
    return said | {(fact.element, fact.subject, fact.version - 1): fact.prev for fact in told}


async def measured_in(
    readers: Readers, cases: Sequence[str], known: datetime
) -> dict[str, list[Measured]]:
    """What the measures of some cases say of each person, in the order in which it happened.

    Corrected ones are left out.  Raises WarehouseFailed.
    """
    if not cases:
        return {}
    facts = await _facts(readers, "measured_in", {"cases": list(cases)}, known)
    corrected = {(fact.subject, fact.source, fact.corrects) for fact in facts.values()}
    found: dict[str, list[Measured]] = {}
    for fact in sorted(facts.values(), key=lambda f: (f.subject, f.occurred_at, f.version)):
        if fact.type != "case.measured" or (fact.subject, fact.source, fact.id) in corrected:
            continue
        measured = msgspec.json.decode(fact.data_text, type=CaseMeasured)
        if measured.person_no is not None:
            found.setdefault(measured.person_no, []).append(measured_of(measured))
    return found


async def _facts(
    readers: Readers, query: str, asked: Mapping[str, Any], known: datetime | None = None
) -> dict[Place, Fact]:
    """The facts that a query gives, each once; of those received up to ``known`` if given.

    Left to the engine, that condition would cost it a twelfth of a question; without it the
    past costs at most what the present does.
    """
    rows = (_stored.decode(text) for (text,) in await readers.rows(sql(query), asked))
    facts = (_fact(row) for row in rows if known is None or row.received_at <= known)
    return {place_of(fact): fact for fact in facts}


class _Stored(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What ``histories`` keeps of a fact, in its order."""

    state: msgspec.Raw
    data: msgspec.Raw
    element: str
    subject: str
    version: int
    occurred_at: datetime
    received_at: datetime
    type: str
    corrects: str | None
    node: str
    position: int
    stream: str
    id: str
    source: str
    org: str
    sender: str
    recorded_at: datetime
    changes: list[Change]
    refs: list[Key]
    prev: str
    sequence: int | None
    missing: int
    extensions: str | None


_stored = msgspec.json.Decoder(_Stored)


def _fact(stored: _Stored) -> Fact:
    told = msgspec.structs.asdict(stored)
    told["changes"] = [msgspec.structs.asdict(change) for change in stored.changes]
    for name in ("state", "data"):
        told[f"{name}_text"] = str(told[name], "utf-8")
        told[name] = msgspec.json.decode(told[name])
    return Fact(**told)
