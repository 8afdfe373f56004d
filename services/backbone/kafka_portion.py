"""What was fetched of one of Kafka's partitions into a portion of the log.  Pure.

An event is told by its first bytes (``schemas.envelope.log_body`` writes node and position
there): nothing is decoded.  A mark has no key and says so in a header.  All else is poison.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from schemas.envelope import MARK_HEADER, LogMark
from services.backbone.event_store import NODE_NAME
from services.backbone.log import Complete, Entry, Poison, Portion

_EVENT = re.compile(
    rb'\{"node":"(%b)","position":([1-9][0-9]{0,17}),"' % NODE_NAME.pattern.encode()
)
Record = tuple[int, bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]
"""Offset, key, value and headers."""
_mark = msgspec.json.Decoder(LogMark)


def portion_of(partition: str, records: Sequence[Record], limit: int) -> tuple[Portion, int]:
    """The portion of the first records, with at most ``limit`` entries, and how many they are.

    ``records`` are not empty and follow each other; ``limit`` is at least one.
    """
    entries: list[Entry] = []
    complete: dict[str, Complete] = {}
    poison: list[Poison] = []
    nodes: dict[bytes, str] = {}
    taken = 0
    for offset, key, value, headers in records:
        body = value or b""
        # A mark begins as an event does.
        if key is None and MARK_HEADER in headers:
            _note(offset, body, complete, poison)
        elif found := _EVENT.match(body):
            if len(entries) == limit:
                break
            node, position = found.groups()
            name = nodes.get(node) or nodes.setdefault(node, node.decode())
            entries.append(Entry(name, int(position), body))
        else:
            poison.append(Poison(offset, body, "is no record of an event"))
        taken += 1
    return Portion(partition, entries, records[taken - 1][0] + 1, complete, poison), taken


def _note(offset: int, body: bytes, complete: dict[str, Complete], poison: list[Poison]) -> None:
    try:
        mark = _mark.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        poison.append(Poison(offset, body, "is no mark that can be read"))
        return
    if not NODE_NAME.fullmatch(mark.node) or mark.received_at.tzinfo is None:
        poison.append(Poison(offset, body, "is a mark of no node"))
        return
    told = Complete(mark.position, mark.received_at, mark.partitions)
    known = complete.get(mark.node)
    # A relay that begins again repeats itself; what was told once stays true.
    if known is None or told.partitions != known.partitions or told > known:
        complete[mark.node] = told
