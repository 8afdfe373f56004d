"""Facts and links of things, as the warehouse keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from services.dashboard_api.facts import BEGINNING, Fact, Key
from services.dashboard_api.microseconds import moment_of_us
from services.dashboard_api.readers import Readers, Row, sql

END = datetime(2200, 1, 1, tzinfo=UTC)


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
    return [_fact(row) for row in await readers.rows(sql("facts_of"), parameters)]


async def links_of(readers: Readers, things: Sequence[Key], as_of: datetime) -> list[Key]:
    """The other things that some are linked to; raises WarehouseFailed."""
    if not things:
        return []
    rows = await readers.rows(sql("links_of"), {"things": list(things), "as_of": as_of})
    return sorted({(row[2], row[3]) for row in rows})


def _fact(row: Row) -> Fact:
    (
        element, subject, version, id_, source, type_, org, sender, occurred, recorded, received,
        changes, refs, state, data, prev, sequence, corrects, node, position,
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
    )
