"""What the writer keeps at hand between commits, and takes up again from the store."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from datetime import UTC, datetime

from eventsourcing.persistence import StoredEvent

from services.backbone.errors import StoreUnavailable
from services.backbone.event_store import EventStore, NodeHead
from services.ingest.sequences import Sequence
from services.ingest.streams import Stream

CACHED_STREAMS = 30_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NodeEnd:
    """The end of a node's log, as it will be after the commit at hand."""

    __slots__ = ("events", "position", "received_at", "root")

    def __init__(self, head: NodeHead | None) -> None:
        self.position = head.position if head else 0
        self.received_at = _latest(head.received_at, head.settled) if head else EPOCH
        """Whatever comes next was received later, on a live log."""
        self.root = bytes.fromhex(head.root) if head else b""
        self.events: list[StoredEvent] = []


class Memory:
    """Streams lately used, the end of each node's log, the numbering of each source."""

    def __init__(self, store: EventStore, live: str) -> None:
        """``live`` names the node of the live log; the store may yet be another's to write."""
        self._store = store
        self._live = live
        self._settled = EPOCH
        self._durable = False
        self._tenure = 0
        self.streams: OrderedDict[str, Stream] = OrderedDict()
        self.nodes: dict[str, NodeEnd] = {}
        self.sequences: dict[str, Sequence] = {}
        with suppress(StoreUnavailable):
            self.begin()
            self.committed()

    def begin(self) -> None:
        """Before a commit is made: what may not be true any more gives way to what is durable.

        That is so after a commit that failed, and where another process wrote meanwhile.
        Raises StoreUnavailable; a later call tries again.
        """
        tenure = self._store.hold()
        if tenure != self._tenure or not self._durable:
            self._durable = False
            heads, gaps = self._store.heads(), self._store.gaps()
            self.streams.clear()
            self.nodes = {n: NodeEnd(head) for n, head in heads.items()}
            self.sequences = {
                g.source: Sequence(g.lowest, g.highest, g.missing, g.lost) for g in gaps
            }
            live = self.node(self._live)
            live.received_at = max(live.received_at, self._settled)
            self._tenure = tenure
        self._durable = False

    def committed(self) -> None:
        """What was in the air is durable now."""
        for node in self.nodes.values():
            node.events = []
        while len(self.streams) > CACHED_STREAMS:
            self.streams.popitem(last=False)
        self._durable = True

    def node(self, name: str) -> NodeEnd:
        """The end of a node's log; a new node begins empty."""
        end = self.nodes.get(name)
        if end is None:
            end = self.nodes[name] = NodeEnd(None)
        return end

    def settle(self, now: datetime) -> datetime:
        """The moment up to which the live log is complete; later facts get a later one.

        Raises StoreUnavailable where the log's end is not known yet.
        """
        if not self._tenure:
            raise StoreUnavailable("the end of the live log is not known yet")
        live = self.node(self._live)
        self._settled = live.received_at = max(live.received_at, now)
        return self._settled


def _latest(*moments: str) -> datetime:
    return max((datetime.fromisoformat(moment) for moment in moments if moment), default=EPOCH)
