"""The log on Kafka: one topic, its partitions shared by the readers of a group, or all of them.

Where to read on is told in every ``read``; Kafka keeps no offsets for us.  A partition that the
group hands over to this reader stays untouched until the reader, having learnt of it by
``assigned``, reads on from where the one before it left off.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

from services.backbone.broker import Topic, consumer, join, kafka_errors, must_join
from services.backbone.errors import LogUnavailable, OffsetLost
from services.backbone.kafka_fetch import read_lean
from services.backbone.kafka_portion import Record, portion_of
from services.backbone.log import Complete, Portion

FETCH_RECORDS = 10_000
ABSENCE_MS = 60_000
"""A reader that asks for nothing so long is given up; the others wait no longer for it."""
FETCH_MS = 200
ANSWER_MS = 5_000
"""Within that Kafka answers, or is taken to be out of reach."""
PRESENCE_S = 1.0
"""Between two proofs that this reader still lives, where it reads nothing."""


class _Handover(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python is untyped
    """Notes what the group takes and gives; called while the consumer polls, on its own thread."""

    def __init__(self, reader: KafkaConsumer) -> None:
        self._reader = reader
        self._lock = threading.Lock()
        self._taken: set[int] = set()

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Hold them until the reader says from where."""
        for place in assigned:
            self._reader.seek(place, 0)
            self._reader.pause(place)

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Others may have them now."""
        with self._lock:
            self._taken |= {place.partition for place in revoked}

    def on_partitions_lost(self, lost: set[TopicPartition]) -> None:
        """Others have them already."""
        self.on_partitions_revoked(lost)

    def taken(self) -> set[int]:
        """What was taken since the last call."""
        with self._lock:
            taken, self._taken = self._taken, set()
        return taken


class KafkaLog:
    """A reader of the topic, for one thread at a time."""

    def __init__(self, topic: Topic, *, group: str | None = None, client: str = "yiping") -> None:
        """With ``group`` it shares the partitions; else it has all of them.

        Raises LogUnavailable where no broker answers or the topic is not there.
        """
        self._topic = topic.name
        self._group = group
        self._reader = consumer(topic, client, group, max_poll_interval_ms=ABSENCE_MS)
        read_lean(self._reader)
        self._handover = _Handover(self._reader)
        self._next: dict[int, int] = {}  # by partition that is read: offset to hand out next
        self._fetched: dict[int, list[Record]] = {}
        self._begins: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._told: set[int] = set()  # what `assigned` has named
        self._retaken: set[int] = set()  # taken from this reader since then
        self._came = False
        self._present_at_s = 0.0
        try:
            self._join()
        except BaseException:
            self.close()
            raise

    def _join(self) -> None:
        with kafka_errors(f"looking for the topic {self._topic}"):
            # Also for a group: who assigns before it knows the partitions assigns none.
            partitions = self._reader.partitions_for_topic(self._topic)
            if not partitions:
                raise UnknownTopicOrPartitionError
        if self._group is not None:
            self._reader.subscribe([self._topic], listener=self._handover)
            return
        places = [self._place_of(partition) for partition in sorted(partitions)]
        self._reader.assign(places)
        for place in places:
            self._reader.seek(place, 0)
            self._reader.pause(place)
        self._told = set(partitions)

    def identity(self) -> str:
        """Name of the topic and Kafka's own id of it: another one after it was made anew."""
        id_ = self._reader._cluster.topic_id(self._topic)
        if id_ is None:
            self._fetch(0)
            id_ = self._reader._cluster.topic_id(self._topic)
        if id_ is None:
            raise LogUnavailable(f"Kafka has not told the id of {self._topic} yet")
        return f"{self._topic}/{id_}"

    def assigned(self) -> frozenset[str] | None:
        """The partitions that this reader has now; None where it has all there are."""
        if self._group is None:
            return None
        quiet_s = time.monotonic() - self._present_at_s
        if not self._told or quiet_s > PRESENCE_S or must_join(self._reader):
            self._fetch(0)
        mine = self._mine()
        # What was away meanwhile is named again only after it was missing once, so that
        # whoever asks finds out where the other reader has come.
        self._told = mine - self._retaken
        self._retaken.clear()
        return frozenset(map(str, self._told))

    def first(self, partition: str) -> int:
        """The lowest offset of a partition that is still there."""
        place = self._place_of(int(partition))
        with kafka_errors("asking for the beginning of the log"):
            first: int = self._reader.beginning_offsets([place], timeout_ms=ANSWER_MS)[place]
        return first

    def ends(self) -> Mapping[str, int]:
        """The offset after the last record of each partition that is read, as last heard."""
        for partition in self._next:
            heard = self._reader.highwater(self._place_of(partition))
            self._ends[partition] = max(heard or 0, self._ends.get(partition, 0))
        return {str(partition): self._ends[partition] for partition in self._next}

    def watermarks(self) -> Mapping[str, Complete]:
        """Nothing: Kafka's marks are within the portions."""
        return {}

    def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
        """The next of one partition, at most ``limit`` entries, later than ``after`` names.

        Raises OffsetLost where that is not on the topic, or not any more; LogUnavailable.
        """
        deadline_s = time.monotonic() + ANSWER_MS / 1000
        wait_ms = 0
        while True:
            self._start(after)
            portion = self._take(limit)
            if portion is not None:
                return portion
            if not self._fetch(wait_ms) and self._at_end():
                return None
            if time.monotonic() > deadline_s:
                with kafka_errors("reading the log"):
                    raise KafkaTimeoutError
            wait_ms = FETCH_MS

    def wait(self, timeout_s: float) -> bool:
        """Block until something came, or other partitions; False when time ran out."""
        deadline_s = time.monotonic() + timeout_s
        while not self._came and self._mine() == self._told:
            # Partitions that the group hands over bring nothing yet that would end a long poll.
            left_ms = int((deadline_s - time.monotonic()) * 1000)
            self._fetch(min(max(left_ms, 0), FETCH_MS))
            if left_ms <= FETCH_MS:
                break
        came, self._came = self._came, False
        return came or self._mine() != self._told

    def close(self) -> None:
        """Leave the group, let go of the connections."""
        with kafka_errors("leaving the log"):
            self._reader.close(autocommit=False, timeout_ms=ANSWER_MS)

    def _place_of(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)

    def _mine(self) -> set[int]:
        return {place.partition for place in self._reader.assignment()}

    def _start(self, after: Mapping[str, int]) -> None:
        """Read each partition that was told from where the reader says."""
        for partition in self._told & self._mine() - self._retaken:
            offset = after.get(str(partition))
            if offset is None:
                offset = self._begins.get(partition)
            if offset is None:
                offset = self._begins[partition] = self.first(str(partition))
            if self._next.get(partition) != offset:
                place = self._place_of(partition)
                self._reader.seek(place, offset)
                self._reader.resume(place)
                self._fetched.pop(partition, None)
                self._next[partition] = offset

    def _take(self, limit: int) -> Portion | None:
        for partition, records in self._fetched.items():
            portion, taken = portion_of(str(partition), records, limit)
            del self._fetched[partition]
            if taken < len(records):
                # To the end of the row: no partition waits for all of another.
                self._fetched[partition] = records[taken:]
            self._next[partition] = portion.after
            return portion
        return None

    def _fetch(self, timeout_ms: int) -> bool:
        """Ask Kafka, and keep up with the group; whether anything came."""
        try:
            with kafka_errors("reading the log"):
                join(self._reader)
                found = self._reader.poll(timeout_ms=timeout_ms, max_records=FETCH_RECORDS)
        except OffsetLost:
            self._begins.clear()
            raise
        finally:
            self._present_at_s = time.monotonic()
            self._let_go(self._handover.taken())
        for place, records in found.items():
            if place.partition in self._next:
                self._fetched.setdefault(place.partition, []).extend(records)
                self._came = True
        return bool(found)

    def _let_go(self, taken: set[int]) -> None:
        self._retaken |= taken
        for partition in taken:
            self._next.pop(partition, None)
            self._fetched.pop(partition, None)
            self._begins.pop(partition, None)
            self._ends.pop(partition, None)

    def _at_end(self) -> bool:
        """Whether everything of the partitions that are read was handed out; asks Kafka."""
        if not self._next:
            return True
        with kafka_errors("asking for the end of the log"):
            found = self._reader.end_offsets(
                [self._place_of(partition) for partition in self._next], timeout_ms=ANSWER_MS
            )
        for place, end in found.items():
            self._ends[place.partition] = end
            offset = self._next.get(place.partition, end)
            if offset > end:
                raise OffsetLost(
                    f"partition {place.partition} of {self._topic} ends at {end}, before {offset}"
                )
        return all(self._ends[partition] <= offset for partition, offset in self._next.items())
