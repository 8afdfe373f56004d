"""Many records to Kafka at once, a batch of them told delivered as one.

``KafkaProducer.send`` makes a future for each record and walks through a dozen checks: half of
its time.  Whoever sends thousands in a row needs to know of all or none, so the batches are made
here, by kafka-python's own builder, and handed to its accumulator, from which its own thread
sends them, idempotent and in order, as any others.  That joint is not kafka-python's public face:
its version is pinned, and ``tests/backbone/test_sending.py`` holds it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from kafka import TopicPartition
from kafka.errors import (
    KafkaConnectionError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
from kafka.producer.producer_batch import ProducerBatch
from kafka.record.memory_records import MemoryRecordsBuilder

from services.backbone.broker import (
    BATCH_BYTES,
    DELIVERY_TIMEOUT_MS,
    RECORD_BYTES,
    Topic,
    abandon,
    kafka_errors,
    producer,
)
from services.backbone.errors import LogUnavailable, RecordTooLarge

MAGIC = 2
UNCOMPRESSED = 0
WAIT_S = DELIVERY_TIMEOUT_MS / 1000 + 5
"""After that kafka-python has given up by itself; more means that it has lost a batch."""
Header = tuple[str, bytes]


class Sent:
    """Batches on their way."""

    def __init__(self, batches: list[ProducerBatch]) -> None:
        self._batches = batches

    def done(self) -> bool:
        """Whether ``wait`` would answer at once."""
        return all(batch.is_done for batch in self._batches)

    def wait(self) -> None:
        """Until every record is acknowledged by all replicas in sync; raises LogUnavailable."""
        deadline = time.monotonic() + WAIT_S
        with kafka_errors("sending"):
            for batch in self._batches:
                if not batch.produce_future.wait(max(0.0, deadline - time.monotonic())):
                    raise KafkaTimeoutError
                _, _, error_of = batch.produce_future.value
                if error_of is None:
                    continue
                error = error_of(0)
                if isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
                    raise RecordTooLarge(batch.records.size_in_bytes()) from error
                raise error


class Sender:
    """Sends to the partitions of one topic; whatever fails, close it and take a new one."""

    def __init__(self, topic: Topic, client: str, **overrides: Any) -> None:
        """Connect; raises LogUnavailable where no broker answers or the topic is not there."""
        self._topic = topic.name
        self._producer = producer(topic, client, linger_ms=0, **overrides)
        try:
            _ = self.partitions
        except LogUnavailable:
            self.close()
            raise

    @property
    def partitions(self) -> int:
        """How many partitions the topic has, as far as is known by now."""
        with kafka_errors(f"looking for the topic {self._topic}"):
            return len(self._producer.partitions_for(self._topic))

    @property
    def log_name(self) -> str:
        """Name of the topic and Kafka's own id of it: another one after it was made anew."""
        return f"{self._topic}/{self._producer._metadata.topic_id(self._topic)}"

    def send(
        self,
        records: Iterable[tuple[int, bytes | None, bytes]],
        headers: tuple[Header, ...] = (),
    ) -> Sent:
        """Send (partition, key, value), each partition's in their order, without waiting.

        Raises RecordTooLarge before any is sent.
        """
        now_ms = time.time_ns() // 1_000_000
        listed = list(headers)
        building: dict[int, Any] = {}
        batches: list[ProducerBatch] = []
        for partition, key, value in records:
            batch = building.get(partition)
            if batch is None or batch.append(now_ms, key, value, listed) is None:
                if len(value) > RECORD_BYTES:
                    raise RecordTooLarge(len(value))
                batch = MemoryRecordsBuilder(MAGIC, UNCOMPRESSED, BATCH_BYTES)
                batch.append(now_ms, key, value, listed)
                building[partition] = batch
                batches.append(ProducerBatch(TopicPartition(self._topic, partition), batch))
        self._hand_over(batches)
        return Sent(batches)

    def _hand_over(self, batches: list[ProducerBatch]) -> None:
        accumulator = self._producer._accumulator
        for batch in batches:
            place = batch.topic_partition
            with accumulator._tp_lock(place):
                if accumulator._closed:
                    with kafka_errors("sending"):
                        raise KafkaConnectionError("the producer is closed")
                accumulator._batches[place].append(batch)
                accumulator._incomplete.add(batch)
        self._producer._sender.wakeup()

    def close(self) -> None:
        """Let go at once; what is not acknowledged by now may or may not come."""
        abandon(self._producer)
