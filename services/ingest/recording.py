"""One commit in the making: what becomes of each arrival, and what has to be durable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from typing import Protocol

import msgspec

from schemas.envelope import StoredFact
from schemas.things import Word
from services.backbone.event_store import (
    Admitted,
    Commit,
    EventStore,
    NodeHead,
    Quarantined,
)
from services.ingest.admission import Admissible, corrected_key, digest_of
from services.ingest.arrivals import Answer, Arrival
from services.ingest.decoding import Refusal
from services.ingest.memory import Memory, NodeEnd
from services.ingest.sequences import Sequence as SourceSequence
from services.ingest.streams import Stream, rebuilt, record, words_in

TICK = timedelta(microseconds=1)
MISSING_MAX = 2**32 - 1
"""A count that the log can carry; a source beyond it does not count up one by one."""


class Sealer(Protocol):
    """What the application asks of the vault."""

    def ready(self, names: set[str]) -> None:
        """Make the keys of these names durable."""
        ...

    def seal(self, name: str, fields: dict[str, str]) -> dict[str, str]:
        """The fields sealed with the key of ``name``."""
        ...


class Recording:
    """One commit in the making."""

    def __init__(
        self,
        arrivals: Sequence[Arrival],
        *,
        live: str,
        memory: Memory,
        store: EventStore,
        vault: Sealer,
        secret: bytes,
        now: Callable[[], datetime],
    ) -> None:
        self._arrivals = arrivals
        self._live = live
        self._memory = memory
        self._store = store
        self._vault = vault
        self._secret = secret
        self._came_at = now()
        self._admitted: dict[bytes, Admitted] = {}
        self._fresh: list[Admitted] = []
        self._quarantined: list[Quarantined] = []
        self._resent: list[tuple[str, str]] = []
        self._sources: set[str] = set()
        self._touched: set[str] = set()
        self._pending: dict[str, list[bytes]] = {}

    def run(self) -> list[Answer]:
        """Decide on each arrival in order."""
        admissible = [a.admitted for a in self._arrivals if isinstance(a.admitted, Admissible)]
        targets = [key for a in admissible if (key := corrected_key(a)) is not None]
        self._admitted = self._store.admitted([a.key for a in admissible] + targets)
        self._load([a for a in admissible if a.key not in self._admitted])
        return [self._decide(arrival) for arrival in self._arrivals]

    def _load(self, admissible: Sequence[Admissible]) -> None:
        """Have the streams at hand, and the keys of those that seal something."""
        streams = self._memory.streams
        lacking: list[str] = []
        for name in sorted({a.stream for a in admissible}):
            if name in streams:
                streams.move_to_end(name)
            else:
                lacking.append(name)
        stored = self._store.streams(lacking)
        for name in lacking:
            element, _, id_ = name.partition("/")
            streams[name] = rebuilt(element, id_, stored.get(name, ()))
        sealing = {a.stream for a in admissible if a.personal}
        if sealing:
            self._vault.ready(sealing)

    def _decide(self, arrival: Arrival) -> Answer:
        admitted = arrival.admitted
        if isinstance(admitted, Refusal):
            return self._quarantine(arrival, admitted)
        known = self._admitted.get(admitted.key)
        if known is not None:
            return self._known(arrival, admitted, known)
        event_id = admitted.event.id
        stream = self._memory.streams[admitted.stream]
        stated = admitted.event.receivedtime
        node = arrival.node if stated is not None else self._live
        state = self._memory.node(node)
        refused = self._of_another_thing(admitted) or (
            stated and self._out_of_order(event_id, stated, state, stream)
        )
        if refused:
            return self._quarantine(arrival, refused)
        moment = stated.astimezone(UTC) if stated else self._next_moment(state, stream)
        sha256_ = self._append(node, state, stream, admitted, moment)
        position = state.position
        digest = digest_of(admitted, self._secret)
        fresh = Admitted(admitted.key, node, position, digest, sha256_)
        self._admitted[admitted.key] = fresh
        self._fresh.append(fresh)
        if arrival.resends:
            self._resent.append((arrival.resends, f"{node}/{position}"))
        return Answer(event_id, "accepted", position, node)

    def _next_moment(self, live: NodeEnd, stream: Stream) -> datetime:
        """When they came; later than all before on the log, no earlier than any of the stream."""
        moment = max(self._came_at, live.received_at + TICK)
        return max(moment, stream.received_at) if stream.received_at else moment

    def _append(
        self,
        node: str,
        state: NodeEnd,
        stream: Stream,
        admitted: Admissible,
        moment: datetime,
    ) -> bytes:
        """Put the fact at the end of the node's log; gives the SHA-256 of its stored bytes."""
        name, personal = admitted.stream, admitted.personal
        recorded = record(
            stream,
            admitted,
            received_at=moment,
            missing=self._missing(admitted),
            sealed=self._vault.seal(name, personal) if personal else {},
            history=lambda: self._history(name),
        )
        self._pending.setdefault(name, []).append(recorded.event.state)
        state.events.append(recorded.event)
        state.position += 1
        state.received_at = moment
        state.root = sha256(state.root + recorded.sha256).digest()
        self._touched.add(node)
        return recorded.sha256

    def _history(self, name: str) -> Iterable[Word]:
        stored = self._store.streams([name]).get(name, [])
        return words_in([*stored, *self._pending.get(name, ())])

    def _missing(self, admitted: Admissible) -> int:
        source = admitted.event.source
        sequence = self._memory.sequences.get(source)
        if admitted.sequence is not None:
            if sequence is None:
                sequence = self._memory.sequences[source] = SourceSequence()
            sequence.see(admitted.sequence)
            self._sources.add(source)
        return min(sequence.missing_count, MISSING_MAX) if sequence else 0

    def _of_another_thing(self, admitted: Admissible) -> Refusal | None:
        """A correction replaces a fact of the same thing; a known one of another is refused.

        A target that has not come yet is taken on trust: disorder is normal.
        """
        target = self._admitted.get(corrected_key(admitted) or b"")
        if target is None or self._stream_at(target) == admitted.stream:
            return None
        return Refusal(
            admitted.event.id, "corrects_other_thing", "corrects", "names a fact of another thing"
        )

    def _stream_at(self, target: Admitted) -> str:
        """The stream of an admitted event, durable or of this very commit."""
        state = self._memory.nodes[target.node]
        pending = len(state.events) - (state.position - target.position) - 1
        if pending >= 0:
            return str(state.events[pending].originator_id)
        ((_, stored),) = self._store.read(target.node, target.position - 1, 1)
        return msgspec.json.decode(stored, type=StoredFact).stream

    @staticmethod
    def _out_of_order(
        event_id: str, stated: datetime, state: NodeEnd, stream: Stream
    ) -> Refusal | None:
        """A stated time may not go back: what was known then would change after the fact."""
        if stated < state.received_at:
            reason = "lies before the event last loaded; load history in its order"
        elif stream.received_at is not None and stated < stream.received_at:
            reason = "lies before what is already known of this thing"
        else:
            return None
        return Refusal(event_id, "received_out_of_order", "receivedtime", reason)

    def _known(self, arrival: Arrival, admitted: Admissible, known: Admitted) -> Answer:
        if known.digest == digest_of(admitted, self._secret):
            if arrival.resends:
                self._resent.append((arrival.resends, f"{known.node}/{known.position}"))
            return Answer(admitted.event.id, "duplicate", known.position, known.node)
        return self._quarantine(
            arrival,
            Refusal(
                admitted.event.id,
                "id_conflict",
                "id",
                f"was taken by other content at position {known.position}",
            ),
        )

    def _quarantine(self, arrival: Arrival, refusal: Refusal) -> Answer:
        id_ = blake2b(arrival.org.encode() + b"\0" + arrival.raw, digest_size=16).hexdigest()
        error = {"code": refusal.code, "path": refusal.path, "message": refusal.message}
        answer = Answer(refusal.event_id, "quarantined", quarantine_id=id_, error=error)
        if arrival.resends == id_:
            return answer
        keeper = f"quarantine/{arrival.org}"
        self._vault.ready({keeper})
        sealed = self._vault.seal(keeper, {id_: arrival.raw.decode("latin-1")})[id_]
        self._quarantined.append(
            Quarantined(
                id_,
                arrival.org,
                self._came_at.isoformat(),
                refusal.event_id,
                refusal.code,
                refusal.path,
                refusal.message,
                sealed.encode(),
            )
        )
        return answer

    def commit(self) -> Commit:
        """What has to become durable."""
        ends = {node: self._memory.nodes[node] for node in sorted(self._touched)}
        heads = [
            NodeHead(node, end.position, end.received_at.isoformat(), end.root.hex())
            for node, end in ends.items()
        ]
        return Commit(
            events={node: end.events for node, end in ends.items()},
            heads=heads,
            admitted=self._fresh,
            quarantined=self._quarantined,
            gaps=[self._memory.sequences[s].gaps(s) for s in sorted(self._sources)],
            resent=self._resent,
        )
