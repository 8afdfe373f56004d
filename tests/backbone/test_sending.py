"""Whole batches to Kafka: the joint with kafka-python's accumulator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from kafka import TopicPartition

from services.backbone import broker
from services.backbone.broker import Topic, parse
from services.backbone.errors import LogUnavailable, RecordTooLarge
from services.backbone.sending import Sender
from services.backbone.topics import apply, log_topic
from tests.support.kafka import Kafka

SOON = {"request_timeout_ms": 1_000, "delivery_timeout_ms": 1_500}


@pytest.fixture
def place(kafka: Kafka, topic: str) -> Topic:
    """The test's own topic, of four partitions."""
    return parse("YIPING_LOG", kafka.dsn(topic))


@pytest.fixture
def sender(place: Topic) -> Iterator[Sender]:
    """A sender to it."""
    with closing(Sender(place, "test")) as sender:
        yield sender


def standing(place: Topic) -> dict[int, list[Any]]:
    """All records of each partition, as kafka-python's own consumer reads them."""
    with closing(broker.consumer(place, "test")) as reader:
        parts = [TopicPartition(place.name, number) for number in range(4)]
        reader.assign(parts)
        reader.seek_to_beginning()
        ends = reader.end_offsets(parts)
        found: dict[int, list[Any]] = {part.partition: [] for part in parts}
        while any(reader.position(part) < ends[part] for part in parts):
            for part, records in reader.poll(timeout_ms=200).items():
                found[part.partition] += records
    return found


def values(records: Sequence[Any]) -> list[bytes]:
    """The values of records."""
    return [record.value for record in records]


def test_what_is_sent_stands_there(place: Topic, sender: Sender) -> None:
    """Key, value and headers, each on the partition that was named."""
    sender.send([(0, b"key", b"zero"), (3, None, b"three")], (("kind", b"mark"),)).wait()
    found = standing(place)

    assert [(r.key, r.value, r.headers) for r in found[0]] == [
        (b"key", b"zero", [("kind", b"mark")])
    ]
    assert [(r.key, r.value) for r in found[3]] == [(None, b"three")]
    assert found[1] == found[2] == []


def test_order_is_kept_over_many_batches(place: Topic, sender: Sender) -> None:
    """Within a partition, over all that was under way at once."""
    parts = [
        sender.send((n % 4, b"key", b"%06d" % n) for n in range(start, start + 1000))
        for start in range(0, 20_000, 1000)
    ]
    for part in parts:
        part.wait()
    found = standing(place)

    assert all(part.done() for part in parts)
    for partition in range(4):
        assert values(found[partition]) == [b"%06d" % n for n in range(partition, 20_000, 4)]


def test_large_records_make_batches_of_their_own(place: Topic, sender: Sender) -> None:
    """Whatever their sizes, nothing is left out and nothing trades places."""
    apply(place, [log_topic(place.name)])
    sizes = [10, 200_000, 200_000, 5_000_000, 10, 10, 262_144, 262_145, 1]
    sent = [bytes([65 + n]) * size for n, size in enumerate(sizes)]
    sender.send((1, None, value) for value in sent).wait()

    assert values(standing(place)[1]) == sent


def test_a_record_beyond_the_bound_is_refused_before_any_is_sent(
    place: Topic, sender: Sender
) -> None:
    """Kafka would refuse it after much work."""
    with pytest.raises(RecordTooLarge) as caught:
        sender.send([(0, None, b"small"), (0, None, b"x" * (broker.RECORD_BYTES + 1))])

    assert caught.value.size_bytes == broker.RECORD_BYTES + 1
    assert standing(place)[0] == []


def test_a_topic_that_takes_less_is_told(sender: Sender) -> None:
    """Kafka's own default is 1 MiB."""
    with pytest.raises(RecordTooLarge):
        sender.send([(0, None, b"x" * 2 * 1024 * 1024)]).wait()


def test_a_topic_that_is_not_there_is_told(place: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    """None springs up by sending."""
    monkeypatch.setattr(broker, "BLOCK_MS", 300)

    with pytest.raises(LogUnavailable, match="no-such-topic"):
        Sender(place.of("no-such-topic"), "test")


def test_a_broker_that_does_not_answer_is_told(kafka: Kafka, place: Topic) -> None:
    """In time; what was sent is not taken to be delivered."""
    with closing(Sender(place, "test", **SOON)) as sender:
        sender.send([(0, None, b"before")]).wait()
        kafka.brokers[1].pause()
        try:
            sent = sender.send([(0, None, b"meanwhile")])
            with pytest.raises(LogUnavailable):
                sent.wait()
        finally:
            kafka.brokers[1].resume()
    assert values(standing(place)[0])[:1] == [b"before"]


def test_nothing_is_sent_by_one_that_is_closed(sender: Sender) -> None:
    """It is told, not dropped; closing again changes nothing."""
    sender.close()

    with pytest.raises(LogUnavailable):
        sender.send([(0, None, b"late")])
    sender.close()


def test_a_topic_made_anew_has_another_name(kafka: Kafka, place: Topic) -> None:
    """So that cursors of the old one are not taken for its own."""
    with closing(Sender(place, "test")) as sender:
        before = sender.log_name
    with closing(kafka.admin()) as admin:
        admin.delete_topics([place.name])
    kafka.create_topic(place.name, 4)
    with closing(Sender(place, "test")) as sender:
        after = sender.log_name

    assert before != after
    assert {name.partition("/")[0] for name in (before, after)} == {place.name}
