"""Tests of the broker that tests start: it keeps its data over every way to end."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.support.kafka import Kafka

RECORDS = 100


def _send(kafka: Kafka, topic: str) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.addresses.split(","))
    sent = [producer.send(topic, b"%d" % n, partition=0) for n in range(RECORDS)]
    for future in sent:
        future.get(timeout=30)
    producer.close()


def _read(kafka: Kafka, topic: str) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=kafka.addresses.split(","), enable_auto_commit=False)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end = consumer.end_offsets([partition])[partition]
    read: list[bytes] = []
    while len(read) < end:
        read += [r.value for records in consumer.poll(1000).values() for r in records]
    consumer.close()
    return read


def test_shared_broker_serves_a_topic(kafka: Kafka, topic: str) -> None:
    """A topic of the shared broker takes records and gives them back in order."""
    _send(kafka, topic)

    assert _read(kafka, topic) == [b"%d" % n for n in range(RECORDS)]


def test_dsn_names_every_broker_and_the_topic(kafka: Kafka, topic: str) -> None:
    """The DSN is what the settings take."""
    assert kafka.dsn(topic) == f"kafka://127.0.0.1:{kafka.brokers[1].port}/{topic}"


def test_broker_killed_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """After kill -9 and a start on the same data all acknowledged records are there."""
    with Kafka(tmp_path) as kafka:
        kafka.create_topic("kept")
        _send(kafka, "kept")

        kafka.brokers[1].kill()
        kafka.start()

        assert len(_read(kafka, "kept")) == RECORDS


def test_broker_that_cannot_start_tells_why(tmp_path: Path) -> None:
    """A start that fails raises with the end of the broker's log."""
    with Kafka(tmp_path) as kafka:
        pass
    (tmp_path / "broker-1" / "data" / "meta.properties").write_text("version=1\nnode.id=9\n")

    with pytest.raises(RuntimeError, match=r"cluster\.id was not found"):
        kafka.start()


@pytest.mark.soak
def test_leaders_move_when_one_of_three_is_killed(tmp_path: Path) -> None:
    """Of three brokers one may go: the others lead its partitions and keep its records."""
    with Kafka(tmp_path, brokers=3) as kafka:
        kafka.create_topic("kept")
        _send(kafka, "kept")
        leader = kafka.leaders("kept")[0]

        kafka.brokers[leader].kill()
        kafka.wait_until_led("kept", without=leader)

        assert len(_read(kafka, "kept")) == RECORDS
        kafka.start()
        kafka.wait_in_sync("kept")
