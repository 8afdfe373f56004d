"""The log of the embedded mode: the event store's own notification logs, tailed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from schemas.envelope import log_body
from services.backbone.event_store import LIVE_NODE, EventStore, NodeHead
from services.backbone.log import LOAD_PREFIX, Complete, Entry, Portion


class _Received(msgspec.Struct):
    received_at: datetime


_decoder = msgspec.json.Decoder(_Received)


class StoreLog:
    """Reads the event store; woken in-process after each commit.

    Each node is a partition, a position its offset.  SQLite's recorder has no ``subscribe()``
    (eventsourcing 9.5.6), so readers poll and the writer calls ``appended``.
    """

    def __init__(
        self,
        store: EventStore,
        watermark: Callable[[], datetime] | None = None,
        *,
        node: str = LIVE_NODE,
    ) -> None:
        """``watermark`` asks the writer for the moment up to which the live log, ``node``, is
        complete: what was received until then can be read, nothing received until then comes.
        Where the writer is another process, the store itself tells what it has settled.
        """
        self._store = store
        self._watermark = watermark
        self._node = node
        self._appended = threading.Event()

    def appended(self) -> None:
        """Wake whoever waits: there is more to read."""
        self._appended.set()

    def wait(self, timeout_s: float) -> bool:
        """Block until something was appended since the last call; False when time ran out."""
        woken = self._appended.wait(timeout_s)
        if woken:
            self._appended.clear()
        return woken

    def identity(self) -> str:
        """The event store is one for ever."""
        return "store"

    def assigned(self) -> frozenset[str] | None:
        """None: this reader has all."""
        return None

    def first(self, partition: str) -> int:
        """The beginning: the event store keeps all."""
        return 0

    def ends(self) -> Mapping[str, int]:
        """The last position of each node."""
        return {node: head.position for node, head in self._store.heads().items()}

    def watermarks(self) -> Mapping[str, Complete]:
        """How far each live node is; with the writer at hand all are until now."""
        if self._watermark is None:
            live = (h for n, h in self._store.heads().items() if not n.startswith(LOAD_PREFIX))
            return {head.node: Complete(head.position, _settled(head)) for head in live}
        moment = self._watermark()
        ends = {n: p for n, p in self.ends().items() if not n.startswith(LOAD_PREFIX)}
        return {node: Complete(end, moment) for node, end in {self._node: 0, **ends}.items()}

    def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
        """The next of one node, later than ``after`` names; None when caught up."""
        heads = sorted(self._store.heads().items(), key=lambda h: h[0].startswith(LOAD_PREFIX))
        for node, head in heads:
            reached = after.get(node, 0)
            if head.position > reached and (stored := self._store.read(node, reached, limit)):
                return _portion([Entry(node, at, log_body(node, at, body)) for at, body in stored])
        return None


def _settled(head: NodeHead) -> datetime:
    received_at = datetime.fromisoformat(head.received_at)
    return max(received_at, datetime.fromisoformat(head.settled or head.received_at))


def _portion(entries: list[Entry]) -> Portion:
    """What was read is complete up to its last: positions and moments of a node only grow."""
    node, position, body = entries[-1]
    complete = Complete(position, _decoder.decode(body).received_at)
    return Portion(node, entries, position, {node: complete}, [])
