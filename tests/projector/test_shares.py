"""Which partitions a projector has, and where it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import pytest

from services.backbone.errors import OffsetLost
from services.backbone.log import Complete, Portion
from services.backbone.warehouse import Warehouse
from services.projector.checkpoints import Checkpointer, read
from services.projector.extent import Extent
from services.projector.holes import Holes
from services.projector.shares import Change, Shares, carry_over
from tests.projector.grouping import ENTRIES, LAST, claims_hold, filled, lost, projector
from tests.support.memory_log import MemberLog, MemoryLog, MemoryTopic
from tests.support.projecting import checkpoint

TOLD = Complete(9, LAST, 3)


@pytest.fixture
def topic() -> MemoryTopic:
    """Three partitions with all that was recorded."""
    return filled()


def written(warehouse: Warehouse, partition: str, offset: int) -> None:
    """A checkpoint of another reader."""
    extent = Extent({partition: offset}, {(partition, "main"): TOLD})
    Checkpointer(warehouse).write(0.0, extent, Holes())


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

    class Losing(MemberLog):
        """At the third reading the beginning of a partition is gone."""

        readings = count()

        def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
            """See ``Log``."""
            if next(self.readings) == 2:
                lost(self.topic, "1", 70)
            if after["1"] < self.topic.first("1"):
                raise OffsetLost("gone")
            return super().read(after, limit)

    slow = projector(warehouse, Losing(topic), rows=10)
    slow.catch_up()

    assert slow.health.holes == 1
    claims_hold(warehouse, ENTRIES)
