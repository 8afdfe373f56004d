"""Taking a block into the warehouse, poison set aside: one bad record never stops a partition."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from services.backbone.errors import WarehouseFailed
from services.backbone.log import Entry, Poison
from services.backbone.warehouse import Warehouse
from services.projector.batch import Block
from services.projector.view_files import SOURCE

CUT_SHORT = 33
"""ClickHouse's number for a line that ends early, which a connection that breaks makes too."""
UNPARSABLE = frozenset({6, 25, 26, 27, CUT_SHORT, 38, 41, 72, 117, 130, 306, 376, 467})
"""ClickHouse's numbers for a line that cannot be read: CANNOT_PARSE_*, CANNOT_READ_*,
INCORRECT_DATA, TOO_DEEP_RECURSION.
"""
POISON_MOST = 100
"""More bad records than these in one block are a mistake of ours, not of theirs."""
BODY_BYTES = 1_000_000

log = logging.getLogger(__name__)

_encoder = msgspec.json.Encoder()


class _SetAside(NamedTuple):
    partition: str
    offset: int
    node: str
    position: int
    reason: str
    body: bytes


class _Row(msgspec.Struct):
    partition: str
    offset: int
    node: str
    position: int
    reason: str
    body: str


def insert(warehouse: Warehouse, block: Block) -> int:
    """Take in a block; tells how many of it were set aside.

    Raises WarehouseFailed, and then the same block can be inserted again.
    """
    set_aside = [_spoilt(partition, poison) for partition, poison in block.poison]
    if block.rows:
        set_aside += _insert(warehouse, list(block.entries()), block.ndjson())
    if set_aside:
        _keep(warehouse, set_aside)
    return len(set_aside)


def _insert(
    warehouse: Warehouse, entries: list[tuple[str, Entry]], ndjson: bytes
) -> list[_SetAside]:
    """Insert entries, halving where one of them cannot be read, until it is alone."""
    try:
        warehouse.insert_json(SOURCE, ndjson)
    except WarehouseFailed as error:
        if error.number not in UNPARSABLE:
            raise
        if len(entries) == 1:
            if error.number == CUT_SHORT and _is_whole(entries[0][1]):
                raise
            return [_unreadable(*entries[0], error)]
        middle = len(entries) // 2
        found: list[_SetAside] = []
        for half in (entries[:middle], entries[middle:]):
            found += _insert(warehouse, half, b"\n".join(entry.body for _, entry in half))
            if len(found) > POISON_MOST:
                raise
        return found
    return []


def _is_whole(entry: Entry) -> bool:
    try:
        msgspec.json.decode(entry.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _unreadable(partition: str, entry: Entry, error: WarehouseFailed) -> _SetAside:
    return _SetAside(partition, 0, entry.node, entry.position, error.reason, entry.body)


def _spoilt(partition: str, poison: Poison) -> _SetAside:
    return _SetAside(partition, poison.offset, "", 0, poison.reason, poison.body)


def _keep(warehouse: Warehouse, set_aside: Iterable[_SetAside]) -> None:
    rows = []
    for one in set_aside:
        place = {"partition": one.partition, "offset": one.offset, "node": one.node}
        facts = {**place, "position": one.position, "reason": one.reason}
        log.error("set aside what is no record", extra={"facts": facts})
        body = base64.b64encode(one.body[:BODY_BYTES]).decode()
        rows.append(_Row(*one[:-1], body))
    warehouse.insert_json("set_aside", _encoder.encode_lines(rows))
