"""One session of the Kafka door: read, record, answer, and only then commit the offsets.

While one batch is being recorded the next is read and admitted.  A batch is handed to the
writer when the one before is durable, so the messages of a partition stay in order; when it
cannot be recorded just now, nothing moves on, and the door stays a member of its group.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Any, NamedTuple

from crc32c import crc32c
from kafka.errors import (
    CorruptRecordError,
    UnknownTopicOrPartitionError,
    UnsupportedCodecError,
)
from kafka.structs import OffsetAndMetadata, TopicPartition

from services.backbone import broker
from services.backbone.broker import Topic
from services.backbone.errors import LogUnavailable, OffsetLost, StoreUnavailable
from services.backbone.sending import Sender
from services.backbone.telemetry import Metrics
from services.ingest.arrivals import Answer, Arrival
from services.ingest.decoding import Refusal
from services.ingest.errors import DoorClosing, DoorStuck, QueueFull
from services.ingest.kafka_batch import Batch, brought
from services.ingest.reception import Reception
from services.ingest.writer import Writer

MESSAGES_MAX = 4_000
"""Messages taken from the consumer at once."""
IDLE_MS = 200
MEMBER_S = 1.0
"""So often the group hears of the door while it waits for something else."""
COMMIT_MS = 5_000
CONNECT_MS = 3_000
"""A try to reach the brokers may take so long; many tries follow one another."""
LEAVE_S = 10.0
"""Whose store is not its own to write any more leaves the messages to another process."""
UNREADABLE = (CorruptRecordError, UnsupportedCodecError)
"""What a poll fails with because of what it has read, and will fail with again."""
RECEIPT_HEADERS = (("content-type", b"application/json"),)

logger = logging.getLogger(__name__)


class House(NamedTuple):
    """What the door works with, whatever session."""

    requests: Topic
    receipts: Topic
    group: str
    reception: Reception
    writer: Writer
    root: str
    """Organisation that sees what unknown senders sent."""
    metrics: Metrics
    closing: threading.Event


class Pauses:
    """Growing pauses between tries."""

    LEAST_S, MOST_S = 0.1, 5.0

    def __init__(self) -> None:
        self.failures = 0
        """In a row."""

    def next_s(self) -> float:
        """One more try has failed."""
        self.failures += 1
        return float(min(self.LEAST_S * 2 ** min(self.failures - 1, 10), self.MOST_S))

    def reset(self) -> None:
        """All is well again."""
        self.failures = 0


class Session:
    """A consumer, a producer and what is between them.

    Raises DoorClosing, DoorStuck, LogUnavailable or StoreUnavailable; of no use after that.
    """

    def __init__(self, house: House, pauses: Pauses) -> None:
        self._house = house
        self._pauses = pauses
        self._backlog: deque[Any] = deque()
        self._recording: tuple[Batch, Future[list[Answer]]] | None = None
        self._answered: dict[TopicPartition, int] = {}
        self._owed: dict[TopicPartition, Any] = {}
        self._stuck: dict[tuple[str, int], int] | None = None
        self._sender: Sender | None = None
        # A member by name: whoever comes after a crash has its place at once, and shuts it out.
        self._consumer = broker.consumer(
            house.requests,
            house.group,
            house.group,
            group_instance_id=house.group,
            bootstrap_timeout_ms=CONNECT_MS,
        )
        try:
            self._join(house.requests.name)
        except LogUnavailable:
            self._consumer.close(autocommit=False, timeout_ms=COMMIT_MS)
            raise

    def _join(self, topic: str) -> None:
        """Share the topic's partitions; whoever joins before it knows them is given none."""
        with broker.kafka_errors(f"looking for the topic {topic}"):
            if not self._consumer.partitions_for_topic(topic):
                raise UnknownTopicOrPartitionError
        self._consumer.subscribe([topic])

    def close(self) -> None:
        """Leave the group; what was not answered will be read again."""
        if self._owed:
            self._note(self._owed)
        try:
            with broker.kafka_errors("leaving"):
                self._consumer.close(autocommit=False, timeout_ms=COMMIT_MS)
        except LogUnavailable as error:
            logger.warning("the Kafka door left without a word", extra={"facts": {"why": error}})
        self._drop_sender()

    def turn(self) -> None:
        """One batch on: admit the next, finish the one that is being recorded, answer it."""
        batch = self._next_batch(IDLE_MS if self._recording is None else 0)
        finished = self._finished()
        if batch is not None:
            self._recording = batch, self._submitted(batch.arrivals)
        if finished is not None:
            self._answer(*finished)
        self._succeeded()
        if self._stuck is not None and self._recording is None and not self._backlog:
            raise DoorStuck(self._stuck)

    def finish(self) -> None:
        """Answer what is being recorded."""
        finished = self._finished()
        if finished is not None:
            self._answer(*finished)

    def _next_batch(self, timeout_ms: int) -> Batch | None:
        if not self._backlog:
            self._poll(timeout_ms)
        if not self._backlog:
            return None
        batch = Batch()
        while self._backlog and not batch.is_full:
            record = self._backlog.popleft()
            batch.add(brought(record, self._house.reception, self._house.root))
        self._house.reception.make_keys(batch.arrivals)
        return batch

    def _poll(self, timeout_ms: int) -> None:
        """Take what the consumer has, and forget what is no longer the door's to read."""
        if self._stuck is not None:
            # A consumer that failed on a record may never come back from another poll.
            self._house.closing.wait(timeout_ms / 1000)
            return
        try:
            found = broker.poll(self._consumer, timeout_ms, MESSAGES_MAX)
        except OffsetLost as lost:
            self._begin_again(lost)
            return
        except LogUnavailable as error:
            if not isinstance(error.__cause__, UNREADABLE):
                raise
            mine = self._consumer.assignment()
            places = {tuple(p): self._consumer.position(p, COMMIT_MS) for p in mine}
            self._stuck = {p: offset for p, offset in places.items() if offset is not None}
            return
        mine = self._consumer.assignment()
        if self._backlog:
            held = (r for r in self._backlog if TopicPartition(r.topic, r.partition) in mine)
            self._backlog = deque(held)
        for records in found.values():
            self._backlog.extend(records)
        self._tell_lag(mine)

    def _begin_again(self, lost: OffsetLost) -> None:
        """Read on from the first message that is still there: retention was faster than we."""
        mine = list(self._consumer.assignment())
        logger.error("messages are gone that were never read", extra={"facts": {"why": str(lost)}})
        self._house.metrics.door_gaps.inc()
        self._consumer.seek_to_beginning(*mine)

    def _tell_lag(self, mine: set[TopicPartition]) -> None:
        lag = 0
        for partition in mine:
            end = self._consumer.highwater(partition)
            answered = self._answered.get(partition)
            if end is not None and answered is not None:
                lag += max(0, end - answered)
        self._house.metrics.door_lag.set(lag)

    def _submitted(self, arrivals: Sequence[Arrival]) -> Future[list[Answer]]:
        """Hand them to the writer as soon as it has room."""
        while True:
            try:
                self._house.writer.check_room()
            except QueueFull as full:
                self._stay(self._failed(full))
            else:
                return self._house.writer.submit(arrivals)

    def _finished(self) -> tuple[Batch, list[Answer]] | None:
        """What was being recorded, durable now, with its answers."""
        if self._recording is None:
            return None
        batch, future = self._recording
        self._recording = None
        return batch, self._answers(batch.arrivals, future)

    def _answers(self, arrivals: Sequence[Arrival], future: Future[list[Answer]]) -> list[Answer]:
        """The answers once durable; what the store does not take now is given to it again.

        Raises StoreUnavailable where another process may have the store by now.
        """
        began = time.monotonic()
        while True:
            while not wait([future], MEMBER_S).done:
                self._stay(0)
            try:
                return future.result()
            except StoreUnavailable as error:
                if not self._house.writer.ready() and time.monotonic() - began > LEAVE_S:
                    raise
                self._stay(self._failed(error))
                future = self._submitted(arrivals)
            except Exception:
                # What one event does to the writer must not keep the partition waiting.
                if len(arrivals) == 1 and isinstance(arrivals[0].admitted, Refusal):
                    raise
                return self._apart(arrivals)

    def _apart(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        """Record them by halves, until the one that cannot be recorded stands alone."""
        if len(arrivals) == 1:
            logger.error("an event cannot be recorded; it goes into quarantine")
            arrivals[0].admitted = Refusal(None, "not_recorded", "", "the platform failed on it")
            return self._answers(arrivals, self._submitted(arrivals))
        middle = len(arrivals) // 2
        halves = arrivals[:middle], arrivals[middle:]
        return [a for half in halves for a in self._answers(half, self._submitted(half))]

    def _answer(self, batch: Batch, answers: list[Answer]) -> None:
        """Deliver the receipts, then commit the offsets."""
        self._house.reception.tally(answers)
        receipts = list(batch.receipts(answers))
        while (failure := self._delivery(receipts)) is not None:
            self._stay(self._failed(failure))
        refused = sum(message.error is not None for message in batch.messages)
        self._house.metrics.door_messages.labels("refused").inc(refused)
        self._house.metrics.door_messages.labels("answered").inc(len(batch.messages) - refused)
        self.commit(batch.after())

    def _delivery(self, receipts: Sequence[tuple[bytes | None, bytes]]) -> LogUnavailable | None:
        """Send them and wait until all are acknowledged; else why not."""
        try:
            if self._sender is None:
                self._sender = Sender(
                    self._house.receipts, self._house.group, max_block_ms=CONNECT_MS
                )
            partitions = self._sender.partitions
            spread = ((crc32c(key or b"") % partitions, key, value) for key, value in receipts)
            self._sender.send(spread, RECEIPT_HEADERS).wait()
        except LogUnavailable as error:
            self._drop_sender()
            return error
        return None

    def _drop_sender(self) -> None:
        """One that has failed may hold back what it was given; another begins afresh."""
        if self._sender is not None:
            sender, self._sender = self._sender, None
            sender.close()

    def commit(self, after: Mapping[tuple[str, int], int]) -> None:
        """Note from where to read on; what cannot be noted is read again, answered as known."""
        mine = self._consumer.assignment()
        offsets = {
            partition: OffsetAndMetadata(offset, "", -1)
            for name, offset in after.items()
            if (partition := TopicPartition(*name)) in mine
        }
        self._answered.update({partition: o.offset for partition, o in offsets.items()})
        self._note(offsets)

    def _note(self, offsets: dict[TopicPartition, Any]) -> None:
        """What was not noted last is noted at an orderly end, if that goes then."""
        self._owed = offsets
        try:
            with broker.kafka_errors("committing"):
                self._consumer.commit(offsets, timeout_ms=COMMIT_MS)
            self._owed = {}
        except LogUnavailable as error:
            logger.warning("offsets were not committed", extra={"facts": {"why": str(error)}})

    def _failed(self, error: Exception) -> float:
        """The pause before the next try."""
        pause_s = self._pauses.next_s()
        self._house.metrics.door_failures.set(self._pauses.failures)
        logger.warning("the Kafka door waits", extra={"facts": {"why": str(error)}})
        return pause_s

    def _succeeded(self) -> None:
        if self._pauses.failures:
            self._pauses.reset()
            self._house.metrics.door_failures.set(0)

    def _stay(self, pause_s: float) -> None:
        """Remain a member of the group for so long, reading nothing; raises DoorClosing."""
        paused: set[TopicPartition] = set()
        until = time.monotonic() + pause_s
        while True:
            if self._house.closing.is_set() and pause_s:
                raise DoorClosing
            fresh = self._consumer.assignment() - paused
            self._consumer.pause(*fresh)
            paused |= fresh
            left_s = max(0.0, until - time.monotonic())
            self._poll(int(min(left_s * 1000, IDLE_MS)))
            if time.monotonic() >= until:
                break
        self._consumer.resume(*(paused & self._consumer.assignment()))
