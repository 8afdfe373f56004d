"""The log of the embedded mode: the event store's own notification logs, tailed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from schemas.envelope import log_body
from services.backbone.event_store import EventStore
from services.backbone.log import LOAD_PREFIX, Entry


class StoreLog:
    """Reads the event store; woken in-process after each commit.

    SQLite's recorder has no ``subscribe()`` (eventsourcing 9.5.6), so readers poll and the
    writer calls ``appended``.
    """

    def __init__(self, store: EventStore, watermark: Callable[[], datetime]) -> None:
        """``watermark`` is asked of the writer: see ``Log.watermark``."""
        self._store = store
        self._watermark = watermark
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

    def watermark(self) -> datetime:
        """The moment up to which the live nodes' log is complete."""
        return self._watermark()

    def read(self, after: Mapping[str, int], limit: int) -> list[Entry]:
        """Up to ``limit`` entries of one node, later than ``after`` names; empty when caught up."""
        heads = sorted(self._store.heads().items(), key=lambda h: h[0].startswith(LOAD_PREFIX))
        for node, head in heads:
            reached = after.get(node, 0)
            if head.position > reached and (stored := self._store.read(node, reached, limit)):
                return [Entry(node, at, log_body(node, at, body)) for at, body in stored]
        return []
