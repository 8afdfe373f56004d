"""A relay's surroundings for tests: a PostgreSQL event store to write to, what Kafka has got."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
from eventsourcing.persistence import StoredEvent

from services.backbone.broker import Topic
from services.backbone.event_store import Commit, NodeHead
from services.backbone.kafka_log import KafkaLog
from services.backbone.log import Complete, Entry
from services.backbone.postgres_store import PostgresEventStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def moment_of(position: int) -> datetime:
    """When the event at a position was received, in these tests."""
    return NOON + timedelta(seconds=position)


def stored(position: int, size: int = 0) -> bytes:
    """As much of a stored fact as a relay reads; three follow each other on a stream."""
    fact = {
        "stream": f"incident/R{position // 3}",
        "version": position % 3 + 1,
        "received_at": moment_of(position),
        "data": "x" * size,
    }
    return msgspec.json.encode(fact)


def append(store: PostgresEventStore, first: int, count: int, node: str = "main") -> None:
    """Commit events at the positions from ``first`` on."""
    events: dict[str, list[StoredEvent]] = {
        node: [
            StoredEvent(f"incident/R{at // 3}", at % 3 + 1, "topic", stored(at))
            for at in range(first, first + count)
        ]
    }
    last = first + count - 1
    head = NodeHead(node, last, moment_of(last).isoformat(), "00")
    store.commit(Commit(events, [head], [], [], [], []))


def insert(connection: psycopg.Connection[tuple[object, ...]], *positions: int) -> None:
    """Events of ``main`` as a writer that gives its positions earlier than it commits."""
    connection.cursor().executemany(
        "INSERT INTO events_main (originator_id, originator_version, topic, state, notification_id)"
        " VALUES (%s, %s, 'topic', %s, %s)",
        [(f"incident/R{at // 3}", at % 3 + 1, stored(at), at) for at in positions],
    )


class Got:
    """What stands on a topic by now."""

    def __init__(self, topic: Topic) -> None:
        self.entries: list[Entry] = []
        self.complete: dict[tuple[str, str], Complete] = {}
        with closing(KafkaLog(topic)) as log:
            after: dict[str, int] = {}
            while portion := log.read(after, 1000):
                self.entries += portion.entries
                after[portion.partition] = portion.after
                told = {(portion.partition, n): c for n, c in portion.complete.items()}
                self.complete.update(told)

    def positions(self, node: str = "main") -> list[int]:
        """Those of a node, ascending, as often as they came."""
        return sorted(entry.position for entry in self.entries if entry.node == node)

    def told(self, node: str = "main") -> set[tuple[int, datetime]]:
        """The last word of each partition on how far the node is complete."""
        return {
            (complete.position, complete.received_at)
            for (_, of), complete in self.complete.items()
            if of == node
        }


def ticking(step_s: float) -> Iterator[float]:
    """A clock that goes on by so much whenever it is asked."""
    now_s = 0.0
    while True:
        now_s += step_s
        yield now_s
