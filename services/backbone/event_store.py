"""The event store: eventsourcing's recorders, one notification log for each node.

A commit is one durable transaction: the facts, what was admitted under which id, what was
quarantined, the sources' gaps and each node's running hash stand together or not at all.
This module holds the port; ``sqlite_store`` is the adapter of the embedded mode,
``postgres_store`` that of a cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    from eventsourcing.persistence import StoredEvent

LIVE_NODE = "main"
NODE_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


class Admitted(NamedTuple):
    """Where an event that was admitted under an idempotency key stands."""

    key: bytes
    node: str
    position: int
    digest: bytes
    """What the event said, keyed: tells a resent event from a changed one."""
    sha256: bytes
    """Of the stored bytes: names an altered event even at the end of its stream."""


class Quarantined(NamedTuple):
    """An event that was refused, kept whole (``sealed``) for its sender."""

    id: str
    org: str
    received_at: str
    event_id: str | None
    code: str
    path: str
    message: str
    sealed: bytes
    resent_as: str | None = None


class SourceGaps(NamedTuple):
    """The sequence numbers of one source: lowest and highest seen, ranges that are missing."""

    source: str
    lowest: int
    highest: int
    missing: tuple[tuple[int, int], ...]
    lost: int = 0
    """Numbers of ranges that are no longer kept one by one; they stay missing."""


class NodeHead(NamedTuple):
    """The end of a node's log: last position, last received_at, running hash over all records."""

    node: str
    position: int
    received_at: str
    root: str
    settled: str = ""
    """Nothing received up to then will get a later position; never before ``received_at``."""


class Anchor(NamedTuple):
    """The running hash at the end of a day of a node."""

    node: str
    day: str
    position: int
    root: str


class StoredRow(NamedTuple):
    """One stored event where the store keeps it."""

    position: int
    stream: str
    version: int
    stored: bytes


class Commit(msgspec.Struct):
    """What one transaction makes durable."""

    events: dict[str, list[StoredEvent]]
    heads: list[NodeHead]
    admitted: list[Admitted]
    quarantined: list[Quarantined]
    gaps: list[SourceGaps]
    resent: list[tuple[str, str]]
    """(quarantine id, node/position) of quarantined events that were mended and taken in."""


class EventStore(Protocol):
    """The truth."""

    def hold(self) -> int:
        """Be the only writer; the number changes where others may have written in between.

        Raises StoreUnavailable, also while another process is the writer.
        """
        ...

    def commit(self, commit: Commit) -> None:
        """Make it durable, all or nothing.

        Raises StoreFull or StoreUnavailable, and StoreUncertain where nobody knows.
        """
        ...

    def settle(self, node: str, moment: str) -> None:
        """Make durable that nothing received up to ``moment`` will get a later position.

        A node that has no event yet begins with it.  It never goes back.  Raises StoreFull or
        StoreUnavailable.
        """
        ...

    def heads(self) -> dict[str, NodeHead]:
        """Each node's end, in the order in which the nodes were opened."""
        ...

    def anchors(self) -> list[Anchor]:
        """The running hash at the end of each day of each node."""
        ...

    def admitted(self, keys: Sequence[bytes]) -> dict[bytes, Admitted]:
        """Those of the keys under which an event was admitted."""
        ...

    def admitted_counts(self) -> dict[str, int]:
        """How many events were admitted to each node."""
        ...

    def streams(self, names: Sequence[str]) -> dict[str, list[bytes]]:
        """The stored bytes of each stream that exists, in the order of its versions."""
        ...

    def gaps(self) -> list[SourceGaps]:
        """The gaps of every source that numbers its events."""
        ...

    def quarantine(
        self, scope: str, after: tuple[str, str], limit: int
    ) -> tuple[list[Quarantined], bool]:
        """Quarantined events of organisations in the scope that were not resent, oldest first.

        ``after`` is the (received_at, id) of the last one seen; the second value tells whether
        there are more.  Fewer than ``limit`` come where they are large.
        """
        ...

    def quarantined(self, id_: str) -> Quarantined | None:
        """One quarantined event."""
        ...

    def read(self, node: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """(position, stored bytes) of a node's log, in order, later than ``after``.

        Fewer than ``limit`` come where they are large, but never none while there are more.
        """
        ...

    def portion(self, node: str, after: int, limit: int) -> list[StoredRow]:
        """As ``read``, with the stream and the version of each."""
        ...

    def rows(self, node: str) -> Iterator[list[StoredRow]]:
        """A node's whole log in order, in parts."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
