"""Which partitions a projector has, and where it goes on."""

from __future__ import annotations

from itertools import islice

import pytest

from services.backbone.log import Complete
from services.backbone.warehouse import Warehouse
from services.projector.check import check
from services.projector.checkpoints import Checkpointer, complete, read
from services.projector.extent import Extent
from services.projector.holes import Holes
from services.projector.refeed import refeed
from services.projector.shares import Change, Shares, carry_over
from tests.projector.grouping import (
    ENTRIES,
    LAST,
    ScriptedLog,
    claims_hold,
    filled,
    lost,
    projector,
)
from tests.support.histories import records_of
from tests.support.memory_log import MemberLog, MemoryLog, MemoryTopic
from tests.support.projecting import checkpoint
from tests.support.records import province

TOLD = Complete(9, LAST, 3)


@pytest.fixture
def topic() -> MemoryTopic:
    """Three partitions with all that was recorded."""
    return filled()


def written(warehouse: Warehouse, partition: str, offset: int) -> None:
    """A checkpoint of another reader."""
    extent = Extent({partition: offset}, {(partition, "main"): TOLD})
    checkpointer = Checkpointer(warehouse)
    checkpointer.begin("topic/1", Extent(), {})
    checkpointer.write(0.0, extent, Holes())


def take_up(shares: Shares, standing: Extent, holes: Holes | None = None) -> Change:
    """What a change brings."""
    assert shares.changed()
    change = shares.take_up()
    carry_over(change, standing, holes or Holes())
    assert not shares.changed()
    return change


def test_a_reader_that_has_all_goes_on_in_each_node(warehouse: Warehouse) -> None:
    """The event store's own log: what another log has left behind does not matter."""
    checkpoint(warehouse, "main", 9, LAST)
    written(warehouse, "0", 70)
    shares, standing = Shares(warehouse, MemoryLog()), Extent()
    take_up(shares, standing)

    assert shares.alone
    assert standing.offsets == {"main": 9}


def test_what_is_gained_begins_at_its_checkpoint(warehouse: Warehouse, topic: MemoryTopic) -> None:
    """Every partition is named, also one without a checkpoint."""
    written(warehouse, "1", 7)
    shares, standing = Shares(warehouse, MemberLog(topic, {"0", "1"})), Extent()
    take_up(shares, standing)

    assert not shares.alone
    assert standing.offsets == {"0": 0, "1": 7}
    assert standing.complete == {("1", "main"): TOLD}


def test_what_is_lost_is_forgotten_and_found_further(
    warehouse: Warehouse, topic: MemoryTopic
) -> None:
    """Another had it meanwhile; what stays is left alone."""
    log = MemberLog(topic, {"0", "1"})
    shares, standing = Shares(warehouse, log), Extent()
    take_up(shares, standing)
    standing.advance({"0": 3, "1": 3}, {})
    log.has = frozenset({"0"})
    take_up(shares, standing)
    assert standing.offsets == {"0": 3}
    written(warehouse, "0", 50)
    written(warehouse, "1", 50)
    log.has = frozenset({"0", "1"})
    take_up(shares, standing)

    assert standing.offsets == {"0": 3, "1": 50}


def test_what_is_gone_is_a_hole(warehouse: Warehouse, topic: MemoryTopic) -> None:
    """Between the checkpoint, or the beginning, and what the log still has."""
    written(warehouse, "1", 7)
    for partition in "01":
        topic.expire(partition, 20)
    written(warehouse, "2", 30)
    topic.expire("2", 30)
    shares, standing, holes = Shares(warehouse, MemberLog(topic)), Extent(), Holes()
    take_up(shares, standing, holes)

    assert standing.offsets == {"0": 20, "1": 20, "2": 30}
    assert [holes.standing(p) for p in "012"] == [20, 20, 0]


def test_a_hole_outlives_the_one_who_found_it(warehouse: Warehouse, topic: MemoryTopic) -> None:
    """It stands in the table before anything else happens."""
    lost(topic, "1", 20)
    projector(warehouse, MemberLog(topic)).catch_up()
    hole = topic.first("1")
    assert read(warehouse)["1"].hole == hole
    shares, holes = Shares(warehouse, MemberLog(topic)), Holes()
    take_up(shares, Extent(), holes)

    assert holes.standing("1") == hole


def test_in_doubt_everything_is_taken_up_anew(warehouse: Warehouse, topic: MemoryTopic) -> None:
    """Where the log does not have what was asked for."""
    shares, standing = Shares(warehouse, MemberLog(topic)), Extent()
    take_up(shares, standing)
    shares.doubt()

    assert take_up(shares, standing).gained.keys() == {"0", "1", "2"}


def test_a_log_that_loses_what_is_read_is_taken_up_anew(
    warehouse: Warehouse, topic: MemoryTopic
) -> None:
    """Retention may pass a projector that is slow: then there is a hole, and it goes on."""
    slow = projector(
        warehouse,
        ScriptedLog(topic, topic.names(), {2: lambda _: lost(topic, "1", 70)}),
        rows=10,
    )
    slow.catch_up()

    assert slow.health.holes == 1
    claims_hold(warehouse, ENTRIES)


@pytest.mark.parametrize("partitions", [1, 2, 3, 5])
@pytest.mark.parametrize("more", [0, 30])
def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    warehouse: Warehouse, partitions: int, more: int
) -> None:
    """Also where it is longer than the old one by now; what stands is not inserted again."""
    entries = list(islice(province(11, at_once=20), 330))
    old, anew = MemoryTopic(name="topic/1"), MemoryTopic(partitions, name="topic/2")
    for topic, sent in ((old, entries[:300]), (anew, entries[: 300 + more])):
        for start in range(0, len(sent), 50):
            topic.deliver(sent[start : start + 50])
    projector(warehouse, MemberLog(old)).catch_up()
    second = projector(warehouse, MemberLog(anew))
    second.catch_up()
    third = projector(warehouse, MemberLog(anew))
    third.catch_up()

    last = records_of(entries[299 + more :][:1])[0].received_at
    assert complete(warehouse) == {"main": Complete(300 + more, last)}
    assert check(warehouse, entries[: 300 + more], total=330).listed == []
    assert third.health.records == 0
    if partitions <= 3:
        assert second.health.records == more


def test_a_topic_made_anew_that_lost_its_beginning_has_a_hole(
    warehouse: Warehouse, topic: MemoryTopic
) -> None:
    """A refeed of the old one, however late its holes, mends nothing of it."""
    topic.expire("1", topic.end("1"))
    projector(warehouse, MemberLog(topic)).catch_up()
    refeed(warehouse, MemoryLog(ENTRIES[:280]))
    anew = filled()
    anew.name = "topic/2"
    lost(anew, "1", 2)
    second = projector(warehouse, MemberLog(anew))
    second.catch_up()

    assert second.health.holes == 1
    assert complete(warehouse)["main"].position == 280
