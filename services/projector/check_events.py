"""Whether ``events`` holds each record of the log exactly once, unaltered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec

from schemas.envelope import LogRecord
from schemas.things import Change
from services.backbone.log import Entry
from services.backbone.warehouse import Warehouse
from services.projector.findings import Findings

PAGE = 5_000

_PAGE_SQL = """
SELECT * FROM events FINAL
WHERE node = {node:String} AND position > {after:UInt64} AND position <= {upto:UInt64}
ORDER BY position
"""
_BEYOND_SQL = """
SELECT count() FROM events FINAL WHERE node = {node:String} AND position > {after:UInt64}
"""


NULL = msgspec.Raw(b"null")


class Checked(LogRecord, frozen=True, kw_only=True, gc=False):
    """A record of the log whose state and extensions stay the bytes that they are."""

    state: msgspec.Raw  # type: ignore[assignment] # the same field, not decoded
    extensions: msgspec.Raw = NULL  # type: ignore[assignment] # the same field, not decoded


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row of ``events``."""

    node: str
    position: int
    stream: str
    version: int
    id: str
    source: str
    type: str
    element: str
    subject: str
    org: str
    sender: str
    occurred_at: datetime
    recorded_at: datetime
    received_at: datetime
    changes: list[Change]
    refs: list[tuple[str, str]]
    prev: str
    sequence: int | None
    missing: int
    corrects: str | None
    state: str
    data: str
    extensions: str | None


_record = msgspec.json.Decoder(Checked)
_row = msgspec.json.Decoder(Row)
_values = attrgetter(*Row.__struct_fields__)


def check_events(
    warehouse: Warehouse, entries: Iterable[Entry], findings: Findings
) -> Iterator[tuple[Checked, bytes]]:
    """Compare page by page, and hand each record on with its bytes."""
    reached: dict[str, int] = {}
    for node, of_node in groupby(entries, key=lambda entry: entry.node):
        for page in _pages(of_node):
            yield from _compare(warehouse, node, reached.get(node, 0), page, findings)
            reached[node] = page[-1].position
    for node, position in sorted(reached.items()):
        ((beyond,),) = warehouse.rows(_BEYOND_SQL, {"node": node, "after": position})
        findings.same("events", f"{node}, beyond {position}", 0, beyond)
    held = {node for (node,) in warehouse.rows("SELECT DISTINCT node FROM events")}
    for node in sorted(held - reached.keys()):
        findings.add("events", node, None, "a node that the log does not have")


def _pages(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    page: list[Entry] = []
    for entry in entries:
        page.append(entry)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def _compare(
    warehouse: Warehouse, node: str, after: int, page: list[Entry], findings: Findings
) -> Iterator[tuple[Checked, bytes]]:
    parameters = {"node": node, "after": after, "upto": page[-1].position}
    rows = _row.decode_lines(warehouse.json_rows(_PAGE_SQL, parameters))
    held = {row.position: row for row in rows}
    findings.same("events", f"{node}, {after + 1}…{page[-1].position}", len(held), len(rows))
    for entry in page:
        record = _record.decode(entry.body)
        row = held.pop(entry.position, None)
        if row is None:
            findings.add("events", f"{node}/{entry.position}", record.id, None)
        elif (wanted := _plain(record)) != (found := _values(row)):
            key = f"{node}/{entry.position}"
            findings.columns("events", key, Row.__struct_fields__, wanted, found)
        yield record, entry.body
    for position in held:
        findings.add("events", f"{node}/{position}", None, held[position].id)


def _plain(record: Checked) -> tuple[Any, ...]:
    *plain, state, data, extensions = _values(record)
    return (
        *plain,
        *(None if raw == NULL else bytes(raw).decode() for raw in (state, data, extensions)),
    )
