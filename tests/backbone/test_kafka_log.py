"""The log on Kafka: partitions handed over, offsets that are gone, what is no record."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from types import TracebackType
from typing import Any, Self

import pytest
from kafka import TopicPartition
from kafka.coordinator.base import MemberState

from schemas.envelope import log_body
from services.backbone.broker import Topic, parse
from services.backbone.errors import LogUnavailable, OffsetLost
from services.backbone.kafka_log import KafkaLog
from services.backbone.sending import Sender
from tests.support.kafka import Kafka

WITHIN_S = 30.0
ALL = frozenset("0123")


@pytest.fixture
def place(kafka: Kafka, topic: str) -> Topic:
    """The test's own topic, of four partitions."""
    return parse("YIPING_LOG", kafka.dsn(topic))


@pytest.fixture
def sender(place: Topic) -> Iterator[Sender]:
    """A sender to it."""
    with closing(Sender(place, "test")) as sender:
        yield sender


def publish(sender: Sender, first: int, count: int) -> None:
    """Events at the positions from ``first`` on, in turn over the partitions."""
    sender.send(
        (at % 4, b"key", log_body("main", at, b'{"stream":"incident/R1"}'))
        for at in range(first, first + count)
    ).wait()


class Reader:
    """One member of a group, as the projector is one: it reads on from common checkpoints."""

    def __init__(self, place: Topic, group: str, checkpoints: dict[str, int]) -> None:
        self.log = KafkaLog(place, group=group)
        self.checkpoints = checkpoints
        self.mine: frozenset[str] = frozenset()
        self.held: list[frozenset[str]] = []
        self.after: dict[str, int] = {}
        self.positions: list[int] = []
        self._stopping = threading.Event()
        self._turned = threading.Condition()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self.log.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            # On a machine that is busy Kafka may be slow to answer; a projector tries again, too.
            with suppress(LogUnavailable):
                if not self._turn():
                    self.log.wait(0.05)
            with self._turned:
                self._turned.notify_all()

    def _turn(self) -> bool:
        """Learn what is assigned, read once; whether anything came."""
        mine = self.log.assigned() or frozenset()
        for gained in mine - self.mine:
            self.after[gained] = self.checkpoints.get(gained, 0)
        self.mine = mine
        self.held.append(mine)
        portion = self.log.read({p: self.after[p] for p in mine}, 100)
        if portion is None:
            return False
        self.positions += [entry.position for entry in portion.entries]
        self.after[portion.partition] = self.checkpoints[portion.partition] = portion.after
        return True

    def until(self, done: Callable[[], bool]) -> None:
        """Wait until something holds, looked at after each turn."""
        with self._turned:
            assert self._turned.wait_for(done, WITHIN_S), (self.mine, self.positions)


def test_a_group_shares_the_partitions(place: Topic, sender: Sender) -> None:
    """A second member takes over half, where the first has come; nothing is left out."""
    publish(sender, 1, 40)
    checkpoints: dict[str, int] = {}
    with Reader(place, "shared", checkpoints) as first:
        first.until(lambda: len(first.positions) == 40)
        with Reader(place, "shared", checkpoints) as second:
            second.until(lambda: (len(first.mine), len(second.mine)) == (2, 2))
            publish(sender, 41, 40)
            first.until(lambda: len(first.positions) == 60)
            second.until(lambda: len(second.positions) == 20)
            shared = (first.mine, second.mine)
        publish(sender, 81, 8)
        first.until(lambda: len(first.positions) == 68)

    assert shared[0] | shared[1] == ALL
    assert sorted(first.positions + second.positions) == list(range(1, 89))


def test_partitions_that_stay_are_held_during_a_handover(place: Topic, sender: Sender) -> None:
    """Cooperative: whoever keeps a partition never loses it."""
    publish(sender, 1, 40)
    checkpoints: dict[str, int] = {}
    with Reader(place, "staying", checkpoints) as first:
        first.until(lambda: first.mine == ALL)
        first.held.clear()
        with Reader(place, "staying", checkpoints) as second:
            second.until(lambda: len(second.mine) == 2)
            held = list(first.held)

    assert len(frozenset.intersection(*held)) == 2


def test_nothing_is_read_before_the_reader_knows_of_a_partition(
    place: Topic, sender: Sender
) -> None:
    """A ``read`` without a question about what is assigned brings nothing of it."""
    publish(sender, 1, 8)
    with closing(KafkaLog(place, group="knowing")) as log:
        deadline_s = time.monotonic() + WITHIN_S
        while not log.wait(0.1):
            assert time.monotonic() < deadline_s

        assert log.read({}, 100) is None
        assert log.assigned() == ALL
        assert log.read({}, 100) is not None


def joined(place: Topic, group: str) -> KafkaLog:
    """A member that has all partitions."""
    log = KafkaLog(place, group=group)
    deadline_s = time.monotonic() + WITHIN_S
    while log.assigned() != ALL:
        assert time.monotonic() < deadline_s
        log.wait(0.1)
    return log


def test_a_partition_that_was_away_is_named_anew(place: Topic) -> None:
    """It is missing once, so that whoever asks looks up where the other reader has come."""
    with closing(joined(place, "away")) as log:
        # As Kafka does where a reader was silent for too long.
        log._handover.on_partitions_lost({TopicPartition(place.name, 2)})
        log._fetch(0)

        assert [log.assigned(), log.assigned()] == [ALL - {"2"}, ALL]


def test_a_join_that_kafka_python_forgot_is_taken_up_again(place: Topic) -> None:
    """Where its reason is gone before its answer; else the group goes on without this member."""
    with closing(joined(place, "forgotten")) as log:
        coordinator = log._reader._coordinator
        coordinator._disable_heartbeat()
        coordinator.rejoining, coordinator.state = True, MemberState.REBALANCING
        deadline_s = time.monotonic() + WITHIN_S
        while coordinator.state is not MemberState.STABLE:
            assert time.monotonic() < deadline_s
            log.assigned()

        assert log.assigned() == ALL


def test_no_offsets_are_left_in_kafka(kafka: Kafka, place: Topic, sender: Sender) -> None:
    """Where a group has come is told by the checkpoints alone."""
    publish(sender, 1, 8)
    with Reader(place, "uncommitted", {}) as reader:
        reader.until(lambda: len(reader.positions) == 8)
    with closing(kafka.admin()) as admin:
        offsets = admin.list_group_offsets("uncommitted")

    assert all(not partitions for partitions in offsets.values())


def test_what_is_no_record_is_not_in_the_way(place: Topic, sender: Sender) -> None:
    """It comes as poison, once, at its place."""
    publish(sender, 4, 1)
    sender.send([(0, None, b"\x00 not json"), (0, b"key", b"{}")]).wait()
    publish(sender, 8, 1)
    with closing(KafkaLog(place)) as log:
        portion = log.read({}, 100)

    assert portion is not None
    assert [entry.position for entry in portion.entries] == [4, 8]
    assert [(p.offset, p.body) for p in portion.poison] == [(1, b"\x00 not json"), (2, b"{}")]


def test_a_checkpoint_beyond_the_end_is_told(place: Topic, sender: Sender) -> None:
    """The topic is not the one that was read: nobody waits for its end in silence."""
    publish(sender, 1, 8)
    with closing(KafkaLog(place)) as log, pytest.raises(OffsetLost):
        log.read({"0": 2, "1": 1000, "2": 2, "3": 2}, 100)


def test_what_retention_took_is_told(kafka: Kafka, place: Topic, sender: Sender) -> None:
    """A reader that is too late learns of the hole, and where the log begins now."""
    publish(sender, 1, 40)
    with closing(kafka.admin()) as admin:
        admin.delete_records({TopicPartition(place.name, 1): 6})
    with closing(KafkaLog(place)) as log:
        firsts = {partition: log.first(partition) for partition in sorted(ALL)}
        with pytest.raises(OffsetLost):
            log.read(dict.fromkeys(ALL, 10) | {"1": 3}, 100)
        found: list[int] = []
        after = dict.fromkeys(ALL, 10) | {"1": firsts["1"]}
        while portion := log.read(after, 100):
            found += [entry.position for entry in portion.entries]
            after[portion.partition] = portion.after

    assert firsts == {"0": 0, "1": 6, "2": 0, "3": 0}
    assert found == [25, 29, 33, 37]


def test_a_topic_that_is_not_there_is_told(place: Topic) -> None:
    """By name."""
    with pytest.raises(LogUnavailable, match="no-such-topic"):
        KafkaLog(place.of("no-such-topic"))


def test_a_broker_that_is_away_is_waited_for(kafka: Kafka, place: Topic, sender: Sender) -> None:
    """The reader is told, and the same reader goes on when it is back."""
    publish(sender, 1, 8)
    found: dict[str, int] = defaultdict(int)
    with closing(KafkaLog(place)) as log:
        after: dict[str, int] = {}
        kafka.stop()
        try:
            with pytest.raises(LogUnavailable):
                log.read(after, 100)
        finally:
            kafka.start()
        answer: Any = None
        while sum(found.values()) < 8:
            try:
                answer = log.read(after, 100)
            except LogUnavailable:
                continue
            if answer is not None:
                found[answer.partition] += len(answer.entries)
                after[answer.partition] = answer.after

    assert found == {"0": 2, "1": 2, "2": 2, "3": 2}
