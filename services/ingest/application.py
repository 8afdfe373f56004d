"""The application: admitted events into the event store, one commit for many.

Serialises all recording of one event store.  Within a commit each event is answered for
itself; the commit is durable or nothing of it happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from services.backbone.event_store import LIVE_NODE, EventStore
from services.ingest.arrivals import Answer, Arrival
from services.ingest.memory import Memory
from services.ingest.recording import Recording, Sealer

__all__ = ["Answer", "Application", "Arrival"]


class Application:
    """Records what is admitted; one writer at a time."""

    def __init__(
        self,
        store: EventStore,
        vault: Sealer,
        secret: bytes,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        node: str = LIVE_NODE,
    ) -> None:
        """``secret`` keys the digests by which a resent event is told from a changed one.

        ``node`` names the live log.  The store may yet be another process's to write to.
        """
        self._store = store
        self._vault = vault
        self._secret = secret
        self._now = now
        self._node = node
        self._memory = Memory(store, node)

    @property
    def last_moment(self) -> datetime:
        """The newest ``received_at`` of the live log."""
        return self._memory.node(self._node).received_at

    def settle(self) -> datetime:
        """The moment up to which the live log is complete; later facts get a later one.

        Raises StoreUnavailable where the log's end is not known yet.
        """
        return self._memory.settle(self._now())

    def keep(self) -> None:
        """While nothing comes: be the only writer, and settle durably.

        Raises StoreFull or StoreUnavailable; the latter also while another process writes.
        """
        self._memory.begin()
        self._store.settle(self._node, self.settle().isoformat())
        self._memory.committed()

    def record(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        """Record all of them in one durable commit and answer each, in order.

        Raises StoreFull or StoreUnavailable: then nothing was recorded; and StoreUncertain.
        """
        self._memory.begin()
        recording = Recording(
            arrivals,
            live=self._node,
            memory=self._memory,
            store=self._store,
            vault=self._vault,
            secret=self._secret,
            now=self._now,
        )
        answers = recording.run()
        self._store.commit(recording.commit())
        self._memory.committed()
        return answers
