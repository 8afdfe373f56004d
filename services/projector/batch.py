"""Cutting the log into blocks: which entries go into one insert, and when it is due.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from services.backbone.log import Entry

BLOCK_ROWS = 10_000
FLUSH_AFTER_S = 0.15
FLUSH_AFTER_MOST_S = 1.0
REST = 2.0
"""A block is begun at most once in so many times the last insert's own time."""


class _Received(msgspec.Struct):
    received_at: datetime


_decoder = msgspec.json.Decoder(_Received)


class Block(NamedTuple):
    """What goes into the warehouse in one insert."""

    ndjson: bytes
    rows: int
    positions: Mapping[str, int]
    """The last position of each node in it."""
    reached: Mapping[str, datetime]
    """When the last record of each node was received."""


class Batch:
    """The entries that wait for the next insert.

    What stands on the log twice is recognised by its position and dropped.
    """

    def __init__(self, positions: Mapping[str, int], *, rows: int = BLOCK_ROWS) -> None:
        self._positions = dict(positions)
        self._limit = rows
        self._bodies: list[bytes] = []
        self._last: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._bodies)

    @property
    def positions(self) -> Mapping[str, int]:
        """The highest position taken of each node, waiting or gone."""
        return self._positions

    @property
    def room(self) -> int:
        """How many entries the block can still take."""
        return max(0, self._limit - len(self._bodies))

    def add(self, entries: Sequence[Entry]) -> int:
        """Take entries in the order of the log; tells how many were there before."""
        dropped = 0
        for entry in entries:
            if entry.position <= self._positions.get(entry.node, 0):
                dropped += 1
                continue
            self._positions[entry.node] = entry.position
            self._bodies.append(entry.body)
            self._last[entry.node] = entry
        return dropped

    def take(self) -> Block:
        """All that waits, as one block; the next one begins empty."""
        block = Block(
            ndjson=b"\n".join(self._bodies),
            rows=len(self._bodies),
            positions={node: entry.position for node, entry in self._last.items()},
            reached={n: _decoder.decode(e.body).received_at for n, e in self._last.items()},
        )
        self._bodies, self._last = [], {}
        return block


class Pace:
    """When a block that is not full is due.

    After a quiet time at once; then not before ``flush_after_s`` since the block before was
    begun, and longer when inserts take long, so that they never fill all time.
    """

    def __init__(self, flush_after_s: float = FLUSH_AFTER_S) -> None:
        self._flush_after_s = flush_after_s
        self._next_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """How long until a block is due; 0 when it is."""
        return max(0.0, self._next_s - now_s)

    def flushed(self, started_s: float, ended_s: float) -> None:
        """Hear of an insert."""
        busy_s = min((ended_s - started_s) * REST, FLUSH_AFTER_MOST_S)
        self._next_s = started_s + max(self._flush_after_s, busy_s)
