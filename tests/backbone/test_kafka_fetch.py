"""The lean reading of records: the same as kafka-python's own, on whatever stands on a topic."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import CorruptRecordError
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from services.backbone import broker
from services.backbone.broker import Topic, parse
from services.backbone.kafka_fetch import _records_of, read_lean
from services.backbone.kafka_portion import Record
from tests.support.kafka import Kafka

SIZES = (0, 1, 63, 64, 127, 128, 8191, 8192, 16383, 16384, 100_000, 1_048_575)


@pytest.fixture
def place(kafka: Kafka, topic: str) -> Topic:
    """The test's own topic, of four partitions."""
    return parse("YIPING_LOG", kafka.dsn(topic))


def read(place: Topic, *, lean: bool, begin: int = 0, records: int = 500) -> list[Record]:
    """All of the first partition from an offset on, some at a time."""
    part = TopicPartition(place.name, 0)
    with closing(broker.consumer(place, "test")) as reader:
        if lean:
            read_lean(reader)
        reader.assign([part])
        reader.seek(part, begin)
        end = reader.end_offsets([part])[part]
        found: list[Any] = []
        while reader.position(part) < end:
            found += reader.poll(timeout_ms=200, max_records=records).get(part, [])
    return found if lean else [(r.offset, r.key, r.value, r.headers) for r in found]


def publish(place: Topic, records: Sequence[tuple[Any, Any, Any]], **settings: Any) -> None:
    """By kafka-python's own producer."""
    with closing(broker.producer(place, "test", **settings)) as sender:
        if "transactional_id" in settings:
            sender.init_transactions()
            sender.begin_transaction()
        for key, value, headers in records:
            sender.send(place.name, partition=0, key=key, value=value, headers=headers)
        if "transactional_id" in settings:
            sender.commit_transaction()
        sender.flush()


def odd(seed: int, count: int) -> list[tuple[Any, Any, Any]]:
    """Records of all shapes."""
    draw = random.Random(seed)
    found: list[tuple[Any, Any, Any]] = []
    for _ in range(count):
        key = draw.choice([None, b"", b"incident/R1", draw.randbytes(200)])
        value = draw.choice([None, b"", b"{}", draw.randbytes(draw.choice((50, 700, 9000)))])
        headers = [("kind", b"mark"), ("头", b""), ("x" * 100, draw.randbytes(300))]
        found.append((key or b"k" if value is None else key, value, headers[: draw.randrange(4)]))
    return found


@pytest.mark.parametrize("settings", [{}, {"compression_type": "gzip"}, {"transactional_id": "t"}])
def test_it_reads_what_kafka_python_reads(place: Topic, settings: dict[str, str]) -> None:
    """Packed or not, within transactions or not, however many at a time."""
    publish(place, odd(1, 300), **settings)
    publish(place, odd(2, 300), **settings)
    plain = read(place, lean=False)

    assert len(plain) == 600
    assert read(place, lean=True) == plain
    assert read(place, lean=True, records=7) == plain


def test_sizes_at_the_bounds_of_their_encoding(place: Topic, kafka: Kafka) -> None:
    """Where a number takes one byte more."""
    place = place.of(kafka.create_topic(f"{place.name}.large", 1, {"max.message.bytes": "9000000"}))
    publish(place, [(b"k", bytes(size), []) for size in SIZES])

    assert [len(value or b"") for _, _, value, _ in read(place, lean=True)] == list(SIZES)


def test_it_begins_in_the_middle_of_a_batch(place: Topic) -> None:
    """Kafka gives the whole of it."""
    publish(place, odd(3, 50), linger_ms=1000)

    assert read(place, lean=True, begin=20) == read(place, lean=True)[20:]


def test_broken_bytes_are_told() -> None:
    """Whatever is broken, it is kafka-python's own error, never another one or an endless loop."""
    draw = random.Random(5)
    builder = MemoryRecordsBuilder(2, 0, 100_000)
    for n in range(20):
        builder.append(n, b"key%d" % n, bytes(n * 10), [("kind", b"mark")])
    builder.close()
    whole = bytes(builder.buffer())
    expected = list(_records_of(MemoryRecords(whole).next_batch()))
    broken = 0
    for _ in range(2000):
        changed = bytearray(whole)
        changed[draw.randrange(61, len(whole))] = draw.randrange(256)
        try:
            found = list(_records_of(MemoryRecords(bytes(changed)).next_batch()))
        except CorruptRecordError:
            broken += 1
        else:
            assert len(found) == len(expected)

    assert broken > 100
