"""What was fetched of one of Kafka's partitions into a portion of the log.  Pure.

An event is told by its first bytes (``schemas.envelope.log_body`` writes node and position
there): nothing is decoded.  A mark has no key and says so in a header.  All else is poison.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import msgspec

from schemas.envelope import MARK_HEADER, LogMark
from services.backbone.event_store import NODE_NAME
from services.backbone.log import Complete, Entry, Poison, Portion

_EVENT = re.compile(
    rb'\{"node":"(%b)","position":([1-9][0-9]{0,17}),"' % NODE_NAME.pattern.encode()
)
_mark = msgspec.json.Decoder(LogMark)


class Record(Protocol):
    """As much of kafka-python's record as is read here."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""
        ...

    @property
    def key(self) -> bytes | None:
        """The stream of an event."""
        ...

    @property
    def value(self) -> bytes | None:
        """The body."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Name and value."""
        ...


def portion_of(partition: str, records: Sequence[Record], limit: int) -> tuple[Portion, int]:
    """The portion of the first records, with at most ``limit`` entries, and how many they are.

    ``records`` are not empty and follow each other; ``limit`` is at least one.
    """
    entries: list[Entry] = []
    complete: dict[str, Complete] = {}
    poison: list[Poison] = []
    nodes: dict[bytes, str] = {}
    taken = 0
    for record in records:
        body = record.value or b""
        # A mark begins as an event does.
        if record.key is None and MARK_HEADER in record.headers:
            _note(record, complete, poison)
        elif found := _EVENT.match(body):
            if len(entries) == limit:
                break
            node, position = found.groups()
            name = nodes.get(node) or nodes.setdefault(node, node.decode())
            entries.append(Entry(name, int(position), body))
        else:
            poison.append(Poison(record.offset, body, "is no record of an event"))
        taken += 1
    return Portion(partition, entries, records[taken - 1].offset + 1, complete, poison), taken


def _note(record: Record, complete: dict[str, Complete], poison: list[Poison]) -> None:
    body = record.value or b""
    try:
        mark = _mark.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        poison.append(Poison(record.offset, body, "is no mark that can be read"))
        return
    if not NODE_NAME.fullmatch(mark.node) or mark.received_at.tzinfo is None:
        poison.append(Poison(record.offset, body, "is a mark of no node"))
        return
    told = Complete(mark.position, mark.received_at, mark.partitions)
    known = complete.get(mark.node)
    # A relay that begins again repeats itself; what was told once stays true.
    if known is None or told.partitions != known.partitions or told > known:
        complete[mark.node] = told
