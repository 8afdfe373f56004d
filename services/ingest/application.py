"""The application: admitted events into the event store, one commit for many.

Serialises all recording of one event store.  Within a commit each event is answered for
itself; the commit is durable or nothing of it happened.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from typing import Protocol

import msgspec
from eventsourcing.persistence import StoredEvent

from schemas.envelope import StoredFact
from schemas.things import Word
from services.backbone.event_store import (
    LIVE_NODE,
    Admitted,
    Commit,
    EventStore,
    NodeHead,
    Quarantined,
)
from services.ingest.admission import Admissible, Refusal, corrected_key, digest_of
from services.ingest.sequences import Sequence as SourceSequence
from services.ingest.streams import Stream, rebuilt, record, stream_of, words_in

CACHED_STREAMS = 30_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


class Sealer(Protocol):
    """What the application asks of the vault."""

    def ready(self, names: set[str]) -> None:
        """Make the keys of these names durable."""
        ...

    def seal(self, name: str, fields: dict[str, str]) -> dict[str, str]:
        """The fields sealed with the key of ``name``."""
        ...


class Arrival(msgspec.Struct):
    """One event at the door: what came, from whom, and what admission made of it."""

    raw: bytes
    org: str
    """Organisation of the sender's token."""
    node: str
    """Node of its log for events that state ``receivedtime``."""
    admitted: Admissible | Refusal
    resends: str | None = None
    """Id of the quarantined event that this one mends."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of an event."""

    id: str | None
    status: str
    """accepted, duplicate or quarantined."""
    position: int | None = None
    node: str | None = None
    quarantine_id: str | None = None
    error: dict[str, str] | None = None


class _NodeState:
    """The end of a node's log, as it will be after the commit at hand."""

    __slots__ = ("events", "position", "received_at", "root")

    def __init__(self, head: NodeHead | None) -> None:
        self.position = head.position if head else 0
        self.received_at = _moment(head.received_at) if head and head.received_at else EPOCH
        self.root = head.root if head else ""
        self.events: list[StoredEvent] = []


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Application:
    """Records what is admitted; one writer at a time."""

    def __init__(
        self,
        store: EventStore,
        vault: Sealer,
        secret: bytes,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``secret`` keys the digests by which a resent event is told from a changed one."""
        self._store = store
        self._vault = vault
        self._secret = secret
        self._now = now
        self._streams: OrderedDict[str, Stream] = OrderedDict()
        self._settled = EPOCH
        self._recover()

    def _recover(self) -> None:
        """Take up the state that is durable; what was in the air is forgotten."""
        self._streams.clear()
        self._nodes = {n: _NodeState(h) for n, h in self._store.heads().items()}
        self._sequences = {
            g.source: SourceSequence(g.lowest, g.highest, g.missing) for g in self._store.gaps()
        }
        live = self._nodes.setdefault(LIVE_NODE, _NodeState(None))
        live.received_at = max(live.received_at, self._settled)

    @property
    def last_moment(self) -> datetime:
        """The newest ``received_at`` of the live log."""
        return self._nodes[LIVE_NODE].received_at

    def settle(self) -> datetime:
        """The moment up to which the live log is complete; later facts get a later one."""
        live = self._nodes[LIVE_NODE]
        self._settled = live.received_at = max(live.received_at, self._now())
        return self._settled

    def record(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        """Record all of them in one durable commit and answer each, in order.

        Raises StoreFull or StoreUnavailable; then nothing was recorded.
        """
        work = _Work(self, arrivals)
        try:
            answers = work.run()
            self._store.commit(work.commit())
        except BaseException:
            self._recover()
            raise
        for state in self._nodes.values():
            state.events = []
        while len(self._streams) > CACHED_STREAMS:
            self._streams.popitem(last=False)
        return answers


class _Work:
    """One commit in the making."""

    def __init__(self, application: Application, arrivals: Sequence[Arrival]) -> None:
        self._app = application
        self._arrivals = arrivals
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
        self._admitted = self._app._store.admitted([a.key for a in admissible] + targets)
        self._load([a for a in admissible if a.key not in self._admitted])
        return [self._decide(arrival) for arrival in self._arrivals]

    def _load(self, admissible: Sequence[Admissible]) -> None:
        """Have the streams at hand, and the keys of those that seal something."""
        app = self._app
        wanted = {stream_of(a): a for a in admissible}
        for name in wanted:
            if name in app._streams:
                app._streams.move_to_end(name)
        lacking = [name for name in wanted if name not in app._streams]
        stored = app._store.streams(lacking)
        for name in lacking:
            element, _, id_ = name.partition("/")
            app._streams[name] = rebuilt(element, id_, stored.get(name, ()))
        sealing = {
            stream_of(a) for a in admissible if any(getattr(a.fact, f) for f in a.row.personal)
        }
        if sealing:
            app._vault.ready(sealing)

    def _decide(self, arrival: Arrival) -> Answer:
        admitted = arrival.admitted
        if isinstance(admitted, Refusal):
            return self._quarantine(arrival, admitted)
        known = self._admitted.get(admitted.key)
        if known is not None:
            return self._known(arrival, admitted, known)
        event_id = admitted.event.id
        name = stream_of(admitted)
        stream = self._app._streams[name]
        stated = admitted.event.receivedtime
        node = arrival.node if stated is not None else LIVE_NODE
        state = self._app._nodes.setdefault(node, _NodeState(None))
        refused = self._of_another_thing(admitted, name) or (
            stated and self._out_of_order(event_id, stated, state, stream)
        )
        if refused:
            return self._quarantine(arrival, refused)
        moment = (
            stated.astimezone(UTC)
            if stated is not None
            else max(self._app._now(), state.received_at + TICK)
        )
        sha256_ = self._append(node, state, name, stream, admitted, moment)
        position = state.position
        digest = digest_of(admitted, self._app._secret)
        fresh = Admitted(admitted.key, node, position, digest, sha256_)
        self._admitted[admitted.key] = fresh
        self._fresh.append(fresh)
        if arrival.resends:
            self._resent.append((arrival.resends, f"{node}/{position}"))
        return Answer(event_id, "accepted", position, node)

    def _append(
        self,
        node: str,
        state: _NodeState,
        name: str,
        stream: Stream,
        admitted: Admissible,
        moment: datetime,
    ) -> bytes:
        """Put the fact at the end of the node's log; gives the SHA-256 of its stored bytes."""
        personal = {f: value for f in admitted.row.personal if (value := getattr(admitted.fact, f))}
        recorded = record(
            stream,
            admitted,
            received_at=moment,
            missing=self._missing(admitted),
            sealed=self._app._vault.seal(name, personal) if personal else {},
            history=lambda: self._history(name),
        )
        self._pending.setdefault(name, []).append(recorded.event.state)
        state.events.append(recorded.event)
        state.position += 1
        state.received_at = moment
        state.root = sha256(bytes.fromhex(state.root) + recorded.sha256).hexdigest()
        self._touched.add(node)
        return recorded.sha256

    def _history(self, name: str) -> Iterable[Word]:
        stored = self._app._store.streams([name]).get(name, [])
        return words_in([*stored, *self._pending.get(name, ())])

    def _missing(self, admitted: Admissible) -> int:
        source = admitted.event.source
        sequence = self._app._sequences.get(source)
        if admitted.sequence is not None:
            if sequence is None:
                sequence = self._app._sequences[source] = SourceSequence()
            sequence.see(admitted.sequence)
            self._sources.add(source)
        return sequence.missing_count if sequence else 0

    def _of_another_thing(self, admitted: Admissible, name: str) -> Refusal | None:
        """A correction replaces a fact of the same thing; a known one of another is refused.

        A target that has not come yet is taken on trust: disorder is normal.
        """
        target = self._admitted.get(corrected_key(admitted) or b"")
        if target is None or self._stream_at(target) == name:
            return None
        return Refusal(
            admitted.event.id, "corrects_other_thing", "corrects", "names a fact of another thing"
        )

    def _stream_at(self, target: Admitted) -> str:
        """The stream of an admitted event, durable or of this very commit."""
        state = self._app._nodes[target.node]
        pending = len(state.events) - (state.position - target.position) - 1
        if pending >= 0:
            return str(state.events[pending].originator_id)
        ((_, stored),) = self._app._store.read(target.node, target.position - 1, 1)
        return msgspec.json.decode(stored, type=StoredFact).stream

    @staticmethod
    def _out_of_order(
        event_id: str, stated: datetime, state: _NodeState, stream: Stream
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
        if known.digest == digest_of(admitted, self._app._secret):
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
        self._app._vault.ready({keeper})
        sealed = self._app._vault.seal(keeper, {id_: arrival.raw.decode("latin-1")})[id_]
        self._quarantined.append(
            Quarantined(
                id_,
                arrival.org,
                self._app._now().isoformat(),
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
        app = self._app
        heads = [
            NodeHead(n, app._nodes[n].position, app._nodes[n].received_at.isoformat(),
                     app._nodes[n].root)
            for n in sorted(self._touched)
        ]  # fmt: skip
        return Commit(
            events={n: app._nodes[n].events for n in self._touched},
            heads=heads,
            admitted=self._fresh,
            quarantined=self._quarantined,
            gaps=[app._sequences[s].gaps(s) for s in sorted(self._sources)],
            resent=self._resent,
        )
