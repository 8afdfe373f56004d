"""What the writer keeps at hand between commits, and takes up again from the store."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime

from eventsourcing.persistence import StoredEvent

from services.backbone.event_store import LIVE_NODE, EventStore, NodeHead
from services.ingest.sequences import Sequence
from services.ingest.streams import Stream

CACHED_STREAMS = 30_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NodeEnd:
    """The end of a node's log, as it will be after the commit at hand."""

    __slots__ = ("events", "position", "received_at", "root")

    def __init__(self, head: NodeHead | None) -> None:
        self.position = head.position if head else 0
        self.received_at = (
            datetime.fromisoformat(head.received_at) if head and head.received_at else EPOCH
        )
        self.root = head.root if head else ""
        self.events: list[StoredEvent] = []


class Memory:
    """Streams lately used, the end of each node's log, the numbering of each source."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._settled = EPOCH
        self.streams: OrderedDict[str, Stream] = OrderedDict()
        self.nodes: dict[str, NodeEnd] = {}
        self.sequences: dict[str, Sequence] = {}
        self.recover()

    def recover(self) -> None:
        """Take up the state that is durable; what was in the air is forgotten."""
        self.streams.clear()
        self.nodes = {n: NodeEnd(h) for n, h in self._store.heads().items()}
        self.sequences = {
            g.source: Sequence(g.lowest, g.highest, g.missing) for g in self._store.gaps()
        }
        live = self.node(LIVE_NODE)
        live.received_at = max(live.received_at, self._settled)

    def node(self, name: str) -> NodeEnd:
        """The end of a node's log; a new node begins empty."""
        return self.nodes.setdefault(name, NodeEnd(None))

    def settle(self, now: datetime) -> datetime:
        """The moment up to which the live log is complete; later facts get a later one."""
        live = self.node(LIVE_NODE)
        self._settled = live.received_at = max(live.received_at, now)
        return self._settled

    def committed(self) -> None:
        """What was in the air is durable now."""
        for node in self.nodes.values():
            node.events = []
        while len(self.streams) > CACHED_STREAMS:
            self.streams.popitem(last=False)
