"""A log in memory, for tests of what reads one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from services.backbone.log import LOAD_PREFIX, Entry


class MemoryLog:
    """Keeps entries in the order given, what stands twice included."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._changed = threading.Condition()
        self._nodes: dict[str, list[Entry]] = {}
        self._news = False
        self.complete_to = datetime(2000, 1, 1, tzinfo=UTC)
        self.append(entries)

    def append(self, entries: Iterable[Entry]) -> None:
        """Put entries at the end of their nodes."""
        with self._changed:
            for entry in entries:
                self._nodes.setdefault(entry.node, []).append(entry)
            self._news = True
            self._changed.notify_all()

    def entries(self) -> list[Entry]:
        """All entries, node by node."""
        return [entry for node in self._nodes.values() for entry in node]

    def read(self, after: Mapping[str, int], limit: int) -> list[Entry]:
        """See ``Log``; an entry that stands twice within the answer comes twice."""
        with self._changed:
            for node in sorted(self._nodes, key=lambda n: n.startswith(LOAD_PREFIX)):
                reached = after.get(node, 0)
                later = [e for e in self._nodes[node] if e.position > reached]
                if later:
                    return later[:limit]
            return []

    def watermark(self) -> datetime:
        """What the test says."""
        return self.complete_to

    def wait(self, timeout_s: float) -> bool:
        """See ``Log``."""
        with self._changed:
            news = self._changed.wait_for(lambda: self._news, timeout_s)
            self._news = False
            return news
