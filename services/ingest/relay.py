"""What the relay sends, and how far it may say that it has come.  Pure.

A node's positions are given without a hole and the relay delivers them without one: it stops
before a position that is not there to be read yet, so that a slower transaction is never passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from crc32c import crc32c

from schemas.envelope import LogMark, log_body
from services.backbone.log import LOAD_PREFIX

if TYPE_CHECKING:
    from services.backbone.event_store import NodeHead

Row = tuple[int, bytes]
"""A position and the stored bytes of the fact there."""
TURN_S = 0.08
"""From the beginning of one delivery to the next, where no more waits than fits one part: what
came meanwhile goes together, for one request to Kafka costs as much as many facts."""
BUSY_MARK_S = 0.07
"""Between two marks of a node while its events flow: shorter than a turn, so that each tells."""
IDLE_MARK_S = 1.0
"""… while only time goes on."""
REPEATED_MARK_S = 60.0
"""… while nothing does: a log that forgets keeps a mark of each node all the same."""
TICK = timedelta(microseconds=1)
_STREAM_BEGINS = b'{"stream":"'
_STREAM_ENDS = b'","'


class _Placed(msgspec.Struct):
    stream: str


class _Received(msgspec.Struct):
    received_at: datetime


_placed = msgspec.json.Decoder(_Placed)
_received = msgspec.json.Decoder(_Received)


class Delivered(NamedTuple):
    """Everything of a node up to ``position`` is acknowledged by the log."""

    position: int
    last: bytes | None
    """The stored bytes there; None where they were delivered by an earlier relay."""


def contiguous(after: int, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows that follow ``after`` without a hole; ascending positions are given."""
    if rows and rows[0][0] == after + 1 and rows[-1][0] == after + len(rows):
        return rows
    count = 0
    while count < len(rows) and rows[count][0] == after + count + 1:
        count += 1
    return rows[:count]


def stream_of(stored: bytes) -> bytes:
    """The stream of a stored fact, from its first bytes; the record's key on Kafka."""
    if stored.startswith(_STREAM_BEGINS):
        name = stored[len(_STREAM_BEGINS) : stored.find(_STREAM_ENDS, len(_STREAM_BEGINS))]
        if b"\\" not in name:
            return name
    return _placed.decode(stored).stream.encode()


def partition_of(stream: bytes, partitions: int) -> int:
    """The partition of a stream: the same for every relay, whatever library it uses."""
    return crc32c(stream) % partitions


def records(
    node: str, rows: Sequence[Row], partitions: int
) -> Iterator[tuple[int, bytes | None, bytes]]:
    """Partition, key and value of each row."""
    for position, stored in rows:
        stream = stream_of(stored)
        yield partition_of(stream, partitions), stream, log_body(node, position, stored)


def in_turn(heads: Mapping[str, NodeHead]) -> list[NodeHead]:
    """Live nodes first: a load that is long holds nothing up that is live."""
    return sorted(heads.values(), key=lambda head: head.node.startswith(LOAD_PREFIX))


def mark(head: NodeHead, delivered: Delivered, partitions: int) -> LogMark | None:
    """How far the log is complete for a node; None where that cannot be told yet."""
    moment = _moment(head, delivered)
    if moment is None:
        return None
    return LogMark(
        node=head.node, position=delivered.position, received_at=moment, partitions=partitions
    )


def _moment(head: NodeHead, delivered: Delivered) -> datetime | None:
    """Nothing received up to then has a later position."""
    if delivered.position == head.position and not head.node.startswith(LOAD_PREFIX):
        told = [datetime.fromisoformat(t) for t in (head.received_at, head.settled) if t]
        return max(told, default=None)
    if delivered.last is not None:
        received_at = _received.decode(delivered.last).received_at
    elif delivered.position == head.position and head.received_at:
        received_at = datetime.fromisoformat(head.received_at)
    else:
        return None
    # The times of a load are stated; the next event may have the same.
    return received_at - TICK if head.node.startswith(LOAD_PREFIX) else received_at


def due(last: LogMark | None, next_: LogMark, elapsed_s: float) -> bool:
    """Whether the next mark is to be sent so long after the last one."""
    if last is None or next_.partitions != last.partitions:
        return True
    if next_.position != last.position:
        return elapsed_s >= BUSY_MARK_S
    if next_.received_at > last.received_at:
        return elapsed_s >= IDLE_MARK_S
    return elapsed_s >= REPEATED_MARK_S
