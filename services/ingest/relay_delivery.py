"""The relay's work while one connection to Kafka lasts: read, send, wait, mark, note the cursor.

Whatever fails ends it; another one begins where the cursor stands and sends the same again,
which harms nothing: an event's identity is its node and position.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import msgspec

from schemas.envelope import MARK_HEADER, LogMark
from services.backbone.event_store import EventStore, NodeHead
from services.backbone.sending import Sender, Sent
from services.backbone.telemetry import Metrics
from services.ingest.errors import StoreBehindLog
from services.ingest.relay import Delivered, Row, contiguous, due, in_turn, mark, records

PART_ROWS = 2_000
PARTS_AHEAD = 4
"""Parts on their way to Kafka while the next one is made."""
STRETCH_PARTS = 25
"""After so many parts of one node the others are looked at again."""
SAVE_S = 1.0


class _Part(NamedTuple):
    """Rows on their way."""

    sent: Sent
    delivered: Delivered


class Delivery:
    """Delivers a store's nodes, for one thread."""

    def __init__(
        self,
        store: EventStore,
        sender: Sender,
        cursors: Mapping[str, int],
        *,
        save: Callable[[Mapping[str, int]], None],
        metrics: Metrics,
        clock_s: Callable[[], float],
    ) -> None:
        """``cursors``: how far each node was delivered before; ``save`` makes them durable."""
        self._store = store
        self._sender = sender
        self._save = save
        self._metrics = metrics
        self._clock_s = clock_s
        self._delivered = {node: Delivered(at, None) for node, at in cursors.items()}
        self._saved = dict(cursors)
        self._saved_at_s = clock_s()
        self._marks: dict[str, tuple[float, LogMark]] = {}
        self._marking: deque[Sent] = deque()
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="relay-reader")

    def step(self) -> int:
        """Deliver a stretch of the first node that has one; tells how many facts it was.

        Raises StoreUnavailable, LogUnavailable, StoreBehindLog.
        """
        heads = self._store.heads()
        moved = 0
        self._check(heads)
        for head in in_turn(heads):
            if not moved and self._at(head.node) < head.position:
                moved = self._deliver(head)
            self._mark(head)
            self._measure(head)
        self._note()
        return moved

    @property
    def unmarked(self) -> bool:
        """Whether something was delivered that no mark tells yet."""
        return any(
            node not in self._marks or self._marks[node][1].position != delivered.position
            for node, delivered in self._delivered.items()
            if delivered.last is not None
        )

    def finish(self) -> None:
        """Tell and note how far it came; raises as ``step``."""
        for head in self._store.heads().values():
            self._mark(head, at_once=True)
        while self._marking:
            self._marking.popleft().wait()
        self._note(at_once=True)

    def close(self) -> None:
        """Let go of the reader."""
        self._reading.shutdown(wait=True, cancel_futures=True)

    def _check(self, heads: Mapping[str, NodeHead]) -> None:
        """The store has all that was ever delivered, or it is not the one it was."""
        for node, delivered in self._delivered.items():
            position = heads[node].position if node in heads else 0
            if delivered.position > position:
                raise StoreBehindLog(node, position, delivered.position)

    def _at(self, node: str) -> int:
        known = self._delivered.get(node)
        return known.position if known else 0

    def _deliver(self, head: NodeHead) -> int:
        """A stretch of one node, read ahead and sent ahead; how many facts it was."""
        before = self._at(head.node)
        under_way: deque[_Part] = deque()
        for run in self._runs(head):
            sent = self._sender.send(records(head.node, run, self._sender.partitions))
            under_way.append(_Part(sent, Delivered(*run[-1])))
            if len(under_way) > PARTS_AHEAD:
                self._settle(head, under_way.popleft())
        for part in under_way:
            self._settle(head, part)
        return self._at(head.node) - before

    def _runs(self, head: NodeHead) -> Iterator[Sequence[Row]]:
        """What follows without a hole, in parts, each read while the one before it is sent."""
        after = self._at(head.node)
        reading = self._read(head.node, after)
        for left in reversed(range(STRETCH_PARTS)):
            rows = reading.result()
            run = contiguous(after, rows)
            if not run:
                return
            after = run[-1][0]
            goes_on = left > 0 and len(run) == len(rows) and after < head.position
            if goes_on:
                reading = self._read(head.node, after)
            yield run
            if not goes_on:
                return

    def _read(self, node: str, after: int) -> Future[list[Row]]:
        return self._reading.submit(self._store.read, node, after, PART_ROWS)

    def _settle(self, head: NodeHead, part: _Part) -> None:
        part.sent.wait()
        self._delivered[head.node] = part.delivered
        self._mark(head)

    def _mark(self, head: NodeHead, *, at_once: bool = False) -> None:
        """Say how far the node is complete, to each partition, when it is time to."""
        partitions = self._sender.partitions
        delivered = self._delivered.get(head.node, Delivered(0, None))
        next_ = mark(head, delivered, partitions)
        at_s, last = self._marks.get(head.node, (0.0, None))
        now_s = self._clock_s()
        if next_ is None or (next_ == last and at_once):
            return
        if not at_once and not due(last, next_, now_s - at_s):
            return
        while self._marking and (self._marking[0].done() or len(self._marking) > PARTS_AHEAD):
            self._marking.popleft().wait()
        body = msgspec.json.encode(next_)
        to_all = ((partition, None, body) for partition in range(partitions))
        self._marking.append(self._sender.send(to_all, (MARK_HEADER,)))
        self._marks[head.node] = now_s, next_

    def _measure(self, head: NodeHead) -> None:
        at = self._at(head.node)
        self._metrics.relay_position.labels(head.node).set(at)
        self._metrics.relay_lag_events.labels(head.node).set(max(0, head.position - at))

    def _note(self, *, at_once: bool = False) -> None:
        """Make the cursors durable, now and then."""
        cursors = {node: delivered.position for node, delivered in self._delivered.items()}
        now_s = self._clock_s()
        if cursors == self._saved or (not at_once and now_s - self._saved_at_s < SAVE_S):
            return
        self._save(cursors)
        self._saved, self._saved_at_s = cursors, now_s
