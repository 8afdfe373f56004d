"""The relay as it runs: it waits, leads, gives way, and begins again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from services.backbone.broker import Topic, parse
from services.backbone.errors import SettingInvalid
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.settings import Settings, from_environment
from services.backbone.telemetry import Metrics
from services.ingest.relay_runner import Relay
from services.ingest.relay_runtime import open_source, relay_of
from tests.support.events import event
from tests.support.ingest import House
from tests.support.kafka import Kafka
from tests.support.relaying import Got, append, moment_of
from tests.support.waiting import eventually


@pytest.fixture
def place(kafka: Kafka, topic: str) -> Topic:
    """The test's own topic, of four partitions."""
    return parse("YIPING_LOG", kafka.dsn(topic))


@pytest.fixture
def store(database: str) -> Iterator[PostgresEventStore]:
    """The test's own event store."""
    with PostgresEventStore(database) as store:
        yield store


@pytest.fixture
def settings(tmp_path: Path, database: str, kafka: Kafka, topic: str) -> Settings:
    """From that store to that topic."""
    environment = {"YIPING_EVENT_STORE": database, "YIPING_LOG": kafka.dsn(topic)}
    return from_environment(tmp_path, environment)


@contextmanager
def relaying(relay: Relay) -> Iterator[Relay]:
    """Started, and stopped at the end."""
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """What a metric says."""
    return metrics.registry.get_sample_value(name, labels)


def test_it_relays_what_is_committed(
    settings: Settings, store: PostgresEventStore, place: Topic
) -> None:
    """What was there before, and what comes while it runs; settled moments too."""
    append(store, 1, 10)
    metrics = Metrics()
    with relaying(relay_of(settings, metrics)) as relay:
        eventually(lambda: value(metrics, "yiping_relay_position", node="main") == 10)
        append(store, 11, 5)
        store.settle("main", moment_of(99).isoformat())
        eventually(lambda: Got(place).told() == {(15, moment_of(99))})
        health = relay.health

    assert (health.running, health.leading, health.failures) == (True, True, 0)
    assert Got(place).positions() == list(range(1, 16))
    with closing(open_source(settings).store) as left:
        assert isinstance(left, PostgresEventStore)
        (positions,) = [left.cursor(row[0]) for row in left._rows("SELECT name FROM cursors")]
        assert positions == {"main": 15}


def test_it_waits_for_a_store_that_is_not_begun(settings: Settings, place: Topic) -> None:
    """It says so, and goes on by itself."""
    metrics = Metrics()
    with relaying(relay_of(settings, metrics)) as relay:
        eventually(lambda: relay.health.failures > 0)
        with PostgresEventStore(settings.event_store) as store:
            append(store, 1, 3)
            eventually(lambda: value(metrics, "yiping_relay_position", node="main") == 3)

    assert Got(place).positions() == [1, 2, 3]


def test_another_one_stands_by(settings: Settings, store: PostgresEventStore, place: Topic) -> None:
    """It is well, does nothing, and takes over; nothing is left out."""
    append(store, 1, 5)
    second_metrics = Metrics()
    with relaying(relay_of(settings, Metrics())) as first:
        eventually(lambda: first.health.leading)
        with relaying(relay_of(settings, second_metrics)) as second:
            eventually(lambda: len(Got(place).positions()) == 5)
            standing_by = second.health
            first.stop()
            append(store, 6, 5)
            eventually(lambda: value(second_metrics, "yiping_relay_position", node="main") == 10)

    assert (standing_by.leading, standing_by.failures) == (False, 0)
    assert Got(place).positions() == list(range(1, 11))


def test_a_broker_that_is_away_is_waited_for(
    settings: Settings, store: PostgresEventStore, place: Topic, kafka: Kafka
) -> None:
    """It tells that it fails, and goes on where it was."""
    metrics = Metrics()
    with relaying(relay_of(settings, metrics)) as relay:
        append(store, 1, 5)
        eventually(lambda: value(metrics, "yiping_relay_position", node="main") == 5)
        kafka.brokers[1].kill()
        try:
            append(store, 6, 5)
            eventually(lambda: relay.health.failures > 0)
            failing = value(metrics, "yiping_relay_failures")
        finally:
            kafka.start()
        eventually(lambda: value(metrics, "yiping_relay_position", node="main") == 10)
        eventually(lambda: relay.health.failures == 0)
        eventually(lambda: Got(place).told() == {(10, moment_of(10))})

    assert failing is not None
    assert failing >= 1
    assert set(Got(place).positions()) == set(range(1, 11))


def test_a_topic_made_anew_gets_everything(
    settings: Settings, store: PostgresEventStore, place: Topic, kafka: Kafka
) -> None:
    """The cursor belongs to the topic that it was noted for."""
    append(store, 1, 5)
    metrics = Metrics()
    with relaying(relay_of(settings, metrics)):
        eventually(lambda: value(metrics, "yiping_relay_position", node="main") == 5)
    with closing(kafka.admin()) as admin:
        admin.delete_topics([place.name])
    kafka.create_topic(place.name, 4)
    with relaying(relay_of(settings, Metrics())):
        eventually(lambda: Got(place).positions() == [1, 2, 3, 4, 5])


def test_an_sqlite_store_is_relayed_too(tmp_path: Path, place: Topic, kafka: Kafka) -> None:
    """While another process writes to it."""
    settings = from_environment(tmp_path, {"YIPING_LOG": kafka.dsn(place.name)})
    with House(tmp_path) as house, relaying(relay_of(settings, Metrics())):
        house.record([event(id_=str(n), subject=f"R{n}") for n in range(7)])
        eventually(lambda: Got(place).positions() == [1, 2, 3, 4, 5, 6, 7])


def test_stopping_ends_it_though_kafka_is_away(
    settings: Settings, store: PostgresEventStore, kafka: Kafka
) -> None:
    """Within seconds; the next relay sends what this one could not."""
    metrics = Metrics()
    relay = relay_of(settings, metrics)
    relay.start()
    append(store, 1, 1)
    eventually(lambda: value(metrics, "yiping_relay_position", node="main") == 1)
    kafka.brokers[1].pause()
    try:
        append(store, 2, 1)
        relay.stop()
    finally:
        kafka.brokers[1].resume()

    assert not relay.health.running


def test_a_log_that_is_no_topic_is_refused(tmp_path: Path) -> None:
    """At once: trying again would not help."""
    with pytest.raises(SettingInvalid, match="YIPING_LOG"):
        relay_of(from_environment(tmp_path, {}), Metrics())
