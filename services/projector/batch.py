"""Cutting the log into blocks: what goes into one insert, and when it is due.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from services.backbone.log import Complete, Entry, Poison, Portion
from services.projector.extent import Extent, Place

BLOCK_ROWS = 10_000
FLUSH_AFTER_S = 0.15
FLUSH_AFTER_MOST_S = 1.0
REST = 2.0
"""A block is begun at most once in so many times the last insert's own time."""


class Block(NamedTuple):
    """What goes into the warehouse in one insert, and what holds once it stands."""

    parts: list[tuple[str, list[Entry]]]
    """Entries with the partition that they come from."""
    offsets: Mapping[str, int]
    """Where to read on in each partition."""
    complete: Mapping[Place, Complete]
    poison: list[tuple[str, Poison]]
    """What is no record, with the partition that it stands on."""

    @property
    def rows(self) -> int:
        """How many entries."""
        return sum(len(entries) for _, entries in self.parts)

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Each entry with its partition."""
        return ((partition, entry) for partition, part in self.parts for entry in part)

    def ndjson(self) -> bytes:
        """The lines of all entries."""
        return b"\n".join(entry.body for _, part in self.parts for entry in part)


class Batch:
    """What waits for the next insert, of all partitions together.

    One insert for all of them: its cost is that of its rows and of its tables, and twelve
    small ones cost twelve times the tables.  An entry is dropped only where it certainly
    stands: at or before what its partition was told to be complete up to for its node.
    """

    def __init__(self, extent: Extent, *, rows: int = BLOCK_ROWS) -> None:
        """``extent`` is what stands already."""
        self.taken = extent
        """What was taken, waiting or gone."""
        self._limit = rows
        self._begin()

    def _begin(self) -> None:
        self._parts: list[tuple[str, list[Entry]]] = []
        self._poison: list[tuple[str, Poison]] = []
        self._offsets: dict[str, int] = {}
        self._complete: dict[Place, Complete] = {}
        self.rows = 0

    @property
    def waits(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._offsets or self._complete)

    @property
    def room(self) -> int:
        """How many entries the block can still take."""
        return max(0, self._limit - self.rows)

    def add(self, portion: Portion, believed: Mapping[str, Complete]) -> int:
        """Take a portion; tells how many of its entries were there before.

        ``believed`` is what of ``portion.complete`` may be relied upon.
        """
        partition = portion.partition
        done = {node: told.position for node, told in self._of(partition).items()}
        fresh = [entry for entry in portion.entries if entry.position > done.get(entry.node, 0)]
        if fresh:
            self._parts.append((partition, fresh))
            self.rows += len(fresh)
        self._poison += [(partition, poison) for poison in portion.poison]
        self._offsets[partition] = portion.after
        self._tell({(partition, node): told for node, told in believed.items()})
        self.taken.offsets[partition] = portion.after
        return len(portion.entries) - len(fresh)

    def told(self, watermarks: Mapping[str, Complete]) -> None:
        """Hear how far nodes with a partition of their own are with all that was taken."""
        self._tell({(node, node): told for node, told in watermarks.items()})

    def _of(self, partition: str) -> dict[str, Complete]:
        complete = self.taken.complete
        return {node: told for (p, node), told in complete.items() if p == partition}

    def _tell(self, complete: Mapping[Place, Complete]) -> None:
        self.taken.advance({}, complete)
        self._complete.update({place: self.taken.complete[place] for place in complete})

    def take(self) -> Block:
        """All that waits, as one block; the next one begins empty."""
        block = Block(self._parts, self._offsets, self._complete, self._poison)
        self._begin()
        return block


class Pace:
    """When a block that is not full is due.

    After a quiet time at once; then not before ``flush_after_s`` since the block before was
    begun, and longer when inserts take long, so that they never fill all time.
    """

    def __init__(self, flush_after_s: float = FLUSH_AFTER_S) -> None:
        self.flush_after_s = flush_after_s
        self._next_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """How long until a block is due; 0 when it is."""
        return max(0.0, self._next_s - now_s)

    def flushed(self, started_s: float, ended_s: float) -> None:
        """Hear of an insert."""
        busy_s = min((ended_s - started_s) * REST, FLUSH_AFTER_MOST_S)
        self._next_s = started_s + max(self.flush_after_s, busy_s)
