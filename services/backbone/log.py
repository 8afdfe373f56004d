"""The log port: what the projector and every other reader consume, whatever carries it.

A log has partitions, each an ordered sequence with offsets of its own.  The event store's own
log has one partition for each node, in which the offset is the position; Kafka spreads the
records of all nodes over its partitions by stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

LOAD_PREFIX = "load-"
"""Begins the name of every node that holds a load (a backfill, an import); others are live."""


class Entry(NamedTuple):
    """One record of the log; ``body`` is the JSON of a ``schemas.envelope.LogRecord``."""

    node: str
    position: int
    body: bytes


class Complete(NamedTuple):
    """How far a partition is complete for a node.

    Every record of the node up to ``position`` that belongs to the partition, and every one
    received up to ``received_at``, stands in what was read of the partition so far.
    """

    position: int
    received_at: datetime
    partitions: int = 1
    """Over how many partitions the node's records are spread: complete is what all have."""


class Poison(NamedTuple):
    """Something on the log that is no record."""

    offset: int
    body: bytes
    reason: str


class Portion(NamedTuple):
    """What was read of one partition, in its order."""

    partition: str
    entries: list[Entry]
    after: int
    """Offset from which to read on once these are taken."""
    complete: Mapping[str, Complete]
    """By node; holds once the entries are taken."""
    poison: list[Poison]
    """What is no record: set aside by the reader, never in its way."""


class Log(Protocol):
    """An ordered, durable log of records, for one reader; calls come one at a time."""

    def identity(self) -> str:
        """Which log this is: another after it was made anew, whose offsets mean other things.

        Raises LogUnavailable.
        """
        ...

    def assigned(self) -> frozenset[str] | None:
        """The partitions that this reader has now; None where it has all there are.

        What it names anew has to be in the next ``after``: another reader may have had it.
        Asking also keeps the reader's place among the others: it has to be asked every few
        seconds, also while nothing can be read.  Raises LogUnavailable.
        """
        ...

    def first(self, partition: str) -> int:
        """The lowest offset that can still be named in ``after`` without missing anything.

        Raises LogUnavailable.
        """
        ...

    def ends(self) -> Mapping[str, int]:
        """The offset that ``after`` has when all is read, of each partition, as last heard."""
        ...

    def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
        """The next of one partition, at most ``limit`` entries, later than ``after`` names.

        A partition that ``after`` does not name starts at its beginning; one that it names
        lower than before is read again from there.  None: nothing later stands on any
        partition that this reader has.  Of a log in which each node has a partition of its
        own, live nodes go first.  Raises LogUnavailable or StoreUnavailable.
        """
        ...

    def watermarks(self) -> Mapping[str, Complete]:
        """How far the log itself is for each node that has a partition of its own, right now.

        To be asked before ``read``: when that then answers None, all of it was read, and when
        it answers a portion of a load, all of the live nodes'.  Empty where the log tells it
        within its portions (Kafka's marks).
        """
        ...

    def wait(self, timeout_s: float) -> bool:
        """Block until something was appended since the last call; False when time ran out."""
        ...
