"""A relay between a real PostgreSQL and a real Kafka, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from services.backbone import topics
from services.backbone.broker import Topic, parse
from services.backbone.errors import LogUnavailable, RecordTooLarge
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.sending import Sender
from services.backbone.telemetry import Metrics
from services.ingest import relay_delivery
from services.ingest.errors import StoreBehindLog
from services.ingest.relay_delivery import Delivery
from tests.support.kafka import Kafka
from tests.support.relaying import Got, append, insert, moment_of, stored, ticking

QUICK_S = 0.001
SLOW_S = 100.0
MS = {"request_timeout_ms": 1_000, "delivery_timeout_ms": 1_500}


@pytest.fixture
def place(kafka: Kafka, topic: str) -> Topic:
    """The test's own topic, of four partitions."""
    return parse("YIPING_LOG", kafka.dsn(topic))


@pytest.fixture
def store(database: str) -> Iterator[PostgresEventStore]:
    """The test's own event store."""
    with PostgresEventStore(database) as store:
        yield store


class Relaying:
    """Deliveries to one topic, one after the other, with the cursors that they leave."""

    def __init__(self, store: PostgresEventStore, place: Topic) -> None:
        self.store = store
        self.place = place
        self.cursors: dict[str, int] = {}
        self.metrics = Metrics()

    def sample(self, name: str, node: str = "main") -> float | None:
        """The value of a metric of a node."""
        return self.metrics.registry.get_sample_value(name, {"node": node})

    def run(
        self, *, step_s: float = SLOW_S, sender: Sender | None = None, finish: bool = True
    ) -> int:
        """Deliver all there is, on a clock of such steps; how many stretches it were."""
        clock = ticking(step_s)
        with (
            closing(sender or Sender(self.place, "test")) as sender,
            closing(
                Delivery(
                    self.store, sender, dict(self.cursors),
                    save=self.cursors.update, metrics=self.metrics, clock_s=lambda: next(clock),
                )
            ) as delivery,
        ):  # fmt: skip
            stretches = 0
            while delivery.step():
                stretches += 1
            if finish:
                delivery.finish()
        return stretches


@pytest.fixture
def relaying(store: PostgresEventStore, place: Topic) -> Relaying:
    """From the test's store to its topic."""
    return Relaying(store, place)


def test_everything_is_delivered_once(relaying: Relaying) -> None:
    """In order within each stream, and told as complete to each partition."""
    append(relaying.store, 1, 500)
    append(relaying.store, 1, 40, node="load-a")
    relaying.run()
    got = Got(relaying.place)

    assert got.positions() == list(range(1, 501))
    assert got.positions("load-a") == list(range(1, 41))
    assert got.told() == {(500, moment_of(500))}
    assert got.told("load-a") == {(40, moment_of(40) - timedelta(microseconds=1))}
    assert relaying.cursors == {"main": 500, "load-a": 40}


def test_a_slower_transaction_is_never_passed(relaying: Relaying, database: str) -> None:
    """Held open while later ones have passed, it is waited for; then all goes on.

    The store itself gives positions under a lock; here writers go by without it.
    """
    append(relaying.store, 1, 4)
    with psycopg.connect(database) as slower, psycopg.connect(database) as faster:
        insert(slower, 5, 6)
        insert(faster, 7, 8, 9)
        faster.execute("UPDATE nodes SET position = 9 WHERE node = 'main'")
        faster.commit()
        relaying.run()
        held_up = Got(relaying.place)
        lag = relaying.sample("yiping_relay_lag_events")
        slower.commit()
        relaying.run()
    whole = Got(relaying.place)

    assert held_up.positions() == [1, 2, 3, 4]
    assert {position for position, _ in held_up.told()} == {4}
    assert lag == 5
    assert whole.positions() == list(range(1, 10))
    assert {position for position, _ in whole.told()} == {9}
    assert relaying.sample("yiping_relay_lag_events") == 0
    assert relaying.sample("yiping_relay_position") == 9


def test_a_head_beyond_a_hole_is_not_believed(relaying: Relaying, database: str) -> None:
    """What was never committed is not told as complete, and holds up no other node."""
    append(relaying.store, 1, 2)
    append(relaying.store, 1, 3, node="load-a")
    with psycopg.connect(database) as other:
        other.execute("UPDATE nodes SET position = 7 WHERE node = 'main'")
    relaying.run()
    got = Got(relaying.place)

    assert got.told() == {(2, moment_of(2))}
    assert got.positions("load-a") == [1, 2, 3]


def test_it_goes_on_where_the_cursor_stands(relaying: Relaying) -> None:
    """What came meanwhile is delivered, nothing a second time."""
    append(relaying.store, 1, 10)
    relaying.run()
    append(relaying.store, 11, 5)
    relaying.run()

    assert Got(relaying.place).positions() == list(range(1, 16))


def test_a_cursor_that_lags_behind_does_no_harm(relaying: Relaying) -> None:
    """The same comes again at the same places, and is told as complete all the while."""
    append(relaying.store, 1, 10)
    relaying.run()
    relaying.cursors["main"] = 6
    relaying.run()
    got = Got(relaying.place)

    assert got.positions() == sorted([*range(1, 11), *range(7, 11)])
    assert len(set(got.entries)) == 10
    assert got.told() == {(10, moment_of(10))}


def test_an_idle_node_tells_what_is_settled(relaying: Relaying) -> None:
    """Also one in which nothing has happened yet."""
    later = moment_of(60)
    relaying.store.settle("xiamen", later.isoformat())
    append(relaying.store, 1, 1)
    relaying.store.settle("main", later.isoformat())
    relaying.run()
    got = Got(relaying.place)

    assert got.told() == {(1, later)}
    assert got.told("xiamen") == {(0, later)}


def test_marks_do_not_follow_every_part(
    relaying: Relaying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that hardly moves there is the first one, and one at the end."""
    monkeypatch.setattr(relay_delivery, "PART_ROWS", 10)
    append(relaying.store, 1, 100)
    relaying.run(step_s=QUICK_S, finish=False)
    few = Got(relaying.place)
    append(relaying.store, 101, 20)
    relaying.run(step_s=QUICK_S)

    assert few.positions() == list(range(1, 101))
    assert {position for position, _ in few.told()} == {10}
    assert Got(relaying.place).told() == {(120, moment_of(120))}


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_parts_and_stretches_leave_nothing_out(
    relaying: Relaying, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """However small they are."""
    monkeypatch.setattr(relay_delivery, "PART_ROWS", rows)
    monkeypatch.setattr(relay_delivery, "STRETCH_PARTS", 3)
    append(relaying.store, 1, 50)
    append(relaying.store, 1, 5, node="load-a")
    stretches = relaying.run()
    got = Got(relaying.place)

    assert got.positions() == list(range(1, 51))
    assert got.positions("load-a") == [1, 2, 3, 4, 5]
    assert stretches == -(-50 // (3 * rows)) + -(-5 // (3 * rows))


def insert_large(relaying: Relaying, size: int) -> None:
    """An event of about so many bytes at position 3, between small ones."""
    append(relaying.store, 1, 2)
    with psycopg.connect(relaying.store._dsn) as other:
        insert(other, 4)
        other.execute(
            "INSERT INTO events_main"
            " (originator_id, originator_version, topic, state, notification_id)"
            " VALUES ('incident/R1', 1, 'topic', %s, 3)",
            (stored(3, size),),
        )
        other.execute("UPDATE nodes SET position = 4 WHERE node = 'main'")


def test_large_events_pass(relaying: Relaying) -> None:
    """The largest that admission lets in, sealed and told again, on a topic as it should be."""
    topics.apply(relaying.place, [topics.log_topic(relaying.place.name)])
    insert_large(relaying, 7 * 1024 * 1024)
    relaying.run()

    assert Got(relaying.place).positions() == [1, 2, 3, 4]


@pytest.mark.parametrize("mib", [3, 9])
def test_what_kafka_does_not_take_is_told(relaying: Relaying, mib: int) -> None:
    """By the topic's bound or by ours: nothing is passed over, and nothing waits for ever."""
    insert_large(relaying, mib * 1024 * 1024)

    with pytest.raises(RecordTooLarge, match="is larger than the log takes") as caught:
        relaying.run()
    assert caught.value.size_bytes > mib * 1024 * 1024
    assert {position for position, _ in Got(relaying.place).told()} <= {2}


def test_a_store_put_back_is_noticed(relaying: Relaying) -> None:
    """Its positions would be given again, to other events."""
    append(relaying.store, 1, 2)
    relaying.cursors["main"] = 5

    with pytest.raises(StoreBehindLog, match="ends at 2 in the event store, but 5 was relayed"):
        relaying.run()


def test_a_node_that_is_gone_is_noticed(relaying: Relaying) -> None:
    """An empty store is an older one, too."""
    relaying.cursors["main"] = 5

    with pytest.raises(StoreBehindLog, match="ends at 0"):
        relaying.run()


def test_a_broker_that_stops_loses_nothing(
    relaying: Relaying, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cursor and no mark goes beyond what it acknowledged."""
    monkeypatch.setattr(relay_delivery, "PART_ROWS", 10)
    append(relaying.store, 1, 10)
    relaying.run()
    append(relaying.store, 11, 90)
    sender = Sender(relaying.place, "test", **MS)
    kafka.stop()
    try:
        with pytest.raises(LogUnavailable):
            relaying.run(sender=sender)
        cursors = dict(relaying.cursors)
    finally:
        kafka.start()
    before = Got(relaying.place)
    relaying.run()
    after = Got(relaying.place)

    assert cursors == {"main": 10}
    assert {position for position, _ in before.told()} == {10}
    assert set(after.positions()) == set(range(1, 101))
    assert after.told() == {(100, moment_of(100))}
