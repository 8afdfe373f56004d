"""Holes in the log, and the event store that mends them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

import pytest

from services.backbone.log import Complete, Portion
from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.check import check
from services.projector.refeed import refeed
from tests.projector.grouping import ENTRIES, LAST, claims_hold, filled, lost, projector
from tests.support.histories import records_of
from tests.support.memory_log import MemberLog, MemoryLog, MemoryTopic
from tests.support.records import province


@pytest.fixture
def topic() -> MemoryTopic:
    """Three partitions with all that was recorded."""
    return filled()


@pytest.fixture
def store() -> MemoryLog:
    """The event store's own log."""
    return MemoryLog(ENTRIES)


def test_a_hole_is_not_believed_to_be_complete(warehouse: Warehouse, topic: MemoryTopic) -> None:
    """What the marks behind it tell would count what is gone."""
    lost(topic, "1", 20)
    holed = projector(warehouse, MemberLog(topic))
    holed.catch_up()

    assert checkpoints.complete(warehouse) == {}
    assert holed.health.holes == 1
    assert warehouse.rows("SELECT count() FROM events FINAL") == [(280,)]


def test_a_refeed_mends_a_hole(warehouse: Warehouse, topic: MemoryTopic, store: MemoryLog) -> None:
    """All stands, all is complete, and the log is believed again."""
    store.complete_to = LAST
    lost(topic, "1", 20)
    projector(warehouse, MemberLog(topic)).catch_up()
    done = refeed(warehouse, store, rows=100)
    assert done.records == 300
    assert list(done.holes) == ["1"]
    assert checkpoints.complete(warehouse) == {"main": Complete(300, LAST)}

    more = list(islice(province(11, at_once=20), 300, 330))
    topic.deliver(more)
    after = projector(warehouse, MemberLog(topic))
    after.catch_up()
    last = records_of(more[-1:])[0].received_at
    assert checkpoints.complete(warehouse) == {"main": Complete(330, last)}
    assert after.health.holes == 0
    assert check(warehouse, [*ENTRIES, *more], total=330).listed == []


def test_a_refeed_before_the_hole_was_found_mends_nothing(
    warehouse: Warehouse, topic: MemoryTopic, store: MemoryLog
) -> None:
    """It may have ended before what is in the hole was recorded."""
    refeed(warehouse, MemoryLog(ENTRIES[:100]))
    lost(topic, "1", 60)
    projector(warehouse, MemberLog(topic)).catch_up()

    assert checkpoints.complete(warehouse)["main"].position == 100
    claims_hold(warehouse, ENTRIES)


def test_a_refeed_goes_on_from_what_is_complete(
    warehouse: Warehouse, topic: MemoryTopic, store: MemoryLog
) -> None:
    """A hole that opens later costs only what followed the checkpoint."""
    half = MemoryTopic()
    half.deliver(ENTRIES[:200])
    projector(warehouse, MemberLog(half)).catch_up()
    for partition in topic.names():
        topic.expire(partition, topic.end(partition))
    projector(warehouse, MemberLog(topic)).catch_up()
    assert checkpoints.complete(warehouse)["main"].position == 200

    assert refeed(warehouse, store).records == 100
    assert checkpoints.complete(warehouse)["main"].position == 300
    assert check(warehouse, ENTRIES, total=300).listed == []


def test_what_comes_in_during_a_refeed_is_left_to_the_log(
    warehouse: Warehouse, store: MemoryLog
) -> None:
    """It ends, however fast a live node grows."""

    class Growing(MemoryLog):
        """One event more with each reading."""

        def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
            """See ``Log``."""
            self.append(islice(ENTRIES, len(self.entries()), len(self.entries()) + 1))
            return super().read(after, limit)

    fed = refeed(warehouse, Growing(ENTRIES[:100]), rows=30).records
    # The last reading of those that were there takes what had come by then.
    assert fed == 104
