"""Facts and links of things, as the warehouse keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from schemas.facts.cases import CaseMeasured
from schemas.things import Change
from services.dashboard_api.chain import Place, open_ends, place_of
from services.dashboard_api.clocks import Measured, measured_of
from services.dashboard_api.facts import Fact, Key
from services.dashboard_api.microseconds import moment_of_us
from services.dashboard_api.readers import Readers, Row, sql

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
        found |= await _facts(readers, query, {"subjects": some, "known": known, **asked})
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
    for (rest,) in await readers.rows(sql("last_before"), asked):
        return next(c.to_status for c in _rest.decode(rest).changes if (c.element, c.id) == thing)
    return ""


async def links_of(readers: Readers, thing: Key, as_of: datetime) -> list[Key]:
    """The other things that one is linked to; raises WarehouseFailed."""
    rows = await readers.rows(
        sql("links_of"), {"element": thing[0], "id": thing[1], "as_of": as_of}
    )
    return sorted(set(rows))


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
    facts = await _facts(readers, "measured_in", {"cases": list(cases), "known": known})
    corrected = {(fact.subject, fact.source, fact.corrects) for fact in facts.values()}
    found: dict[str, list[Measured]] = {}
    for fact in sorted(facts.values(), key=lambda f: (f.subject, f.occurred_at, f.version)):
        if fact.type != "case.measured" or (fact.subject, fact.source, fact.id) in corrected:
            continue
        measured = msgspec.json.decode(fact.data_text, type=CaseMeasured)
        if measured.person_no is not None:
            found.setdefault(measured.person_no, []).append(measured_of(measured))
    return found


async def _facts(readers: Readers, query: str, asked: Mapping[str, Any]) -> dict[Place, Fact]:
    """The facts that a query gives, each once."""
    facts = map(_fact, await readers.rows(sql(query), asked))
    return {place_of(fact): fact for fact in facts}


class _Rest(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What ``histories`` keeps as one array, in its order."""

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


_rest = msgspec.json.Decoder(_Rest)


def _fact(row: Row) -> Fact:
    element, subject, version, occurred, received, type_, corrects, state, data, text = row
    rest = msgspec.structs.asdict(_rest.decode(text))
    rest["changes"] = [msgspec.structs.asdict(change) for change in rest["changes"]]
    return Fact(
        element=element,
        subject=subject,
        version=version,
        occurred_at=moment_of_us(occurred),
        received_at=moment_of_us(received),
        type=type_,
        corrects=corrects,
        state=msgspec.json.decode(state),
        state_text=state,
        data=msgspec.json.decode(data),
        data_text=data,
        **rest,
    )
