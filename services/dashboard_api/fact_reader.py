"""Facts and links of things, as the warehouse keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from schemas.facts.cases import CaseMeasured
from services.dashboard_api.chain import Place, open_ends
from services.dashboard_api.clocks import Measured, measured_of
from services.dashboard_api.facts import BEGINNING, Fact, Key
from services.dashboard_api.microseconds import moment_of_us
from services.dashboard_api.readers import Readers, Row, sql

END = datetime(2200, 1, 1, tzinfo=UTC)
PLACES_AT_ONCE = 1_000
"""So many are named in one question: it goes to the warehouse in one line."""


async def facts_of(
    readers: Readers,
    things: Sequence[Key],
    *,
    known: datetime,
    since: datetime = BEGINNING,
    until: datetime = END,
) -> list[Fact]:
    """The facts of some things received up to ``known``, by thing and version.

    Only what happened from ``since`` to ``until``.  Raises WarehouseFailed.
    """
    if not things:
        return []
    parameters = {"things": list(things), "known": known, "since": since, "until": until}
    places = await readers.rows(sql("places_of"), parameters)
    found: list[Fact] = []
    for start in range(0, len(places), PLACES_AT_ONCE):
        some = places[start : start + PLACES_AT_ONCE]
        # Where only a few of a hundred months are looked into, it takes half the time.
        where = {
            "positions": [(node, position) for node, position, _ in some],
            "since": moment_of_us(some[0][2]),
            "until": moment_of_us(some[-1][2]),
        }
        found += [_fact(row) for row in await readers.rows(sql("facts_at"), where)]
    return sorted(found, key=lambda fact: (fact.element, fact.subject, fact.version))


async def links_of(readers: Readers, things: Sequence[Key], as_of: datetime) -> list[Key]:
    """The other things that some are linked to; raises WarehouseFailed."""
    if not things:
        return []
    rows = await readers.rows(sql("links_of"), {"things": list(things), "as_of": as_of})
    return sorted({(row[2], row[3]) for row in rows})


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
    rows = await readers.rows(sql("prev_of"), {"places": places, "known": known})
    return said | {(element, id_, version - 1): prev for element, id_, version, prev in rows}


async def measured_in(
    readers: Readers, cases: Sequence[str], known: datetime
) -> dict[str, list[Measured]]:
    """What the measures of some cases say of each person, in the order in which it happened.

    Corrected ones are left out.  Raises WarehouseFailed.
    """
    if not cases:
        return {}
    rows = await readers.rows(sql("measured_in"), {"cases": list(cases), "known": known})
    corrected = {(case_no, source, corrects) for case_no, source, _, corrects, _ in rows}
    found: dict[str, list[Measured]] = {}
    for case_no, source, id_, _, data in rows:
        if data and (case_no, source, id_) not in corrected:
            fact = msgspec.json.decode(data, type=CaseMeasured)
            if fact.person_no is not None:
                found.setdefault(fact.person_no, []).append(measured_of(fact))
    return found


def _fact(row: Row) -> Fact:
    (
        element, subject, version, id_, source, type_, org, sender, occurred, recorded, received,
        changes, refs, state, data, prev, sequence, corrects, node, position,
        stream, missing, extensions,
    ) = row  # fmt: skip
    return Fact(
        element=element,
        subject=subject,
        version=version,
        id=id_,
        source=source,
        type=type_,
        org=org,
        sender=sender,
        occurred_at=moment_of_us(occurred),
        recorded_at=moment_of_us(recorded),
        received_at=moment_of_us(received),
        changes=list(changes),
        refs=[(ref[0], ref[1]) for ref in refs],
        state=msgspec.json.decode(state),
        data=msgspec.json.decode(data),
        prev=prev,
        sequence=sequence,
        corrects=corrects,
        node=node,
        position=position,
        stream=stream,
        missing=missing,
        state_text=state,
        data_text=data,
        extensions=extensions,
    )
