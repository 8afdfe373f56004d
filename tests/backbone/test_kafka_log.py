"""The log on Kafka: partitions handed over, offsets that are gone, what is no record."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from kafka import TopicPartition

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
        self.after: dict[str, int] = {}
        self.positions: list[int] = []

    def turn(self, limit: int = 100) -> bool:
        """Learn what is assigned, read once; whether anything came."""
        mine = self.log.assigned() or frozenset()
        for gained in mine - self.mine:
            self.after[gained] = self.checkpoints.get(gained, 0)
        self.mine = mine
        portion = self.log.read({p: self.after[p] for p in mine}, limit)
        if portion is None:
            return False
        self.positions += [entry.position for entry in portion.entries]
        self.after[portion.partition] = self.checkpoints[portion.partition] = portion.after
        return True


def until(done: Callable[[], bool], *readers: Reader) -> None:
    """Let the readers take turns until something holds."""
    deadline_s = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < deadline_s, [(r.mine, r.positions) for r in readers]
        turns(*readers)


def turns(*readers: Reader) -> None:
    """One turn for each, at the same time, as processes have theirs."""
    with ThreadPoolExecutor(len(readers)) as pool:
        for waited in [pool.submit(_turn, reader) for reader in readers]:
            waited.result()


def _turn(reader: Reader) -> None:
    if not reader.turn():
        reader.log.wait(0.05)


def test_a_group_shares_the_partitions(place: Topic, sender: Sender) -> None:
    """A second member takes over half, where the first has come; nothing is left out."""
    publish(sender, 1, 40)
    checkpoints: dict[str, int] = {}
    first = Reader(place, "shared", checkpoints)
    with closing(first.log):
        until(lambda: len(first.positions) == 40, first)
        second = Reader(place, "shared", checkpoints)
        with closing(second.log):
            until(lambda: (len(first.mine), len(second.mine)) == (2, 2), first, second)
            publish(sender, 41, 40)
            until(lambda: len(first.positions) + len(second.positions) >= 80, first, second)

            assert first.mine | second.mine == ALL
            assert sorted(first.positions + second.positions) == list(range(1, 81))
        publish(sender, 81, 8)
        until(lambda: len(first.mine) == 4, first)
        until(lambda: sorted(first.positions)[-8:] == list(range(81, 89)), first)

    assert sorted(first.positions + second.positions) == list(range(1, 89))


def test_partitions_that_stay_are_read_on_during_a_handover(place: Topic, sender: Sender) -> None:
    """Cooperative: whoever keeps a partition is not set back on it."""
    publish(sender, 1, 40)
    checkpoints: dict[str, int] = {}
    first = Reader(place, "staying", checkpoints)
    with closing(first.log):
        until(lambda: first.mine == ALL, first)
        second = Reader(place, "staying", checkpoints)
        with closing(second.log):
            seen: list[frozenset[str]] = []
            while len(second.mine) < 2:
                turns(first, second)
                seen.append(first.mine)

    assert all(len(mine) >= 2 for mine in seen)
    assert len(set.intersection(*map(set, seen))) == 2


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


def test_a_partition_that_was_away_is_named_anew(place: Topic, sender: Sender) -> None:
    """It is missing once, so that whoever asks looks up where the other reader has come."""
    publish(sender, 1, 8)
    checkpoints: dict[str, int] = {}
    first = Reader(place, "away", checkpoints)
    with closing(first.log):
        until(lambda: first.mine == ALL, first)
        # As Kafka does where a reader was silent for too long.
        first.log._handover.on_partitions_lost({TopicPartition(place.name, 2)})
        first.log._fetch(0)

        assert [first.log.assigned(), first.log.assigned()] == [ALL - {"2"}, ALL]


def test_no_offsets_are_left_in_kafka(kafka: Kafka, place: Topic, sender: Sender) -> None:
    """Where a group has come is told by the checkpoints alone."""
    publish(sender, 1, 8)
    reader = Reader(place, "uncommitted", {})
    with closing(reader.log):
        until(lambda: len(reader.positions) == 8, reader)
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
