"""Projectors that share a topic: whatever happens between them, every view is the fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import count, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.backbone.errors import OffsetLost
from services.backbone.log import Complete, Entry, Portion
from services.backbone.progress import Progress
from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.check import check
from services.projector.refeed import refeed
from services.projector.runner import Projector
from tests.projector.test_invariants import LOOP, SLICE, by_node
from tests.support.histories import histories, records_of
from tests.support.memory_log import MemberLog, MemoryLog, MemoryTopic
from tests.support.projecting import empty
from tests.support.records import START, province

ENTRIES = list(islice(province(11, at_once=20), 300))
LAST = records_of(ENTRIES[-1:])[0].received_at


class _Killed(BaseException):
    """The end of a process, in the middle of what it did."""


class ScriptedLog(MemberLog):
    """A member's log in which something happens at some readings."""

    def __init__(
        self,
        topic: MemoryTopic,
        assigned: Iterable[str],
        happens: Mapping[int, Callable[[ScriptedLog], None]],
    ) -> None:
        super().__init__(topic, assigned)
        self._happens = happens
        self._readings = count()

    def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
        """See ``Log``."""
        happens = self._happens.get(next(self._readings))
        if happens:
            happens(self)
        return super().read(after, limit)


def projector(warehouse: Warehouse, log: MemberLog, rows: int = 10_000) -> Projector:
    """One of a group, for which 100 s pass whenever it looks at the clock."""
    clock = count(step=100.0)
    return Projector(
        warehouse,
        log,
        Progress(),
        shared=True,
        block_rows=rows,
        clock_s=lambda: next(clock),
        pause=lambda _: None,
    )


def claims_hold(warehouse: Warehouse, entries: list[Entry]) -> None:
    """Whatever is told to be complete stands."""
    for node, told in checkpoints.complete(warehouse).items():
        ((rows,),) = warehouse.rows(
            "SELECT uniqExact(position) FROM events"
            " WHERE node = {node:String} AND position <= {upto:UInt64}",
            {"node": node, "upto": told.position},
        )
        assert rows == told.position
        of_node = [r for r in records_of(entries) if r.node == node]
        assert all(
            r.position <= told.position for r in of_node if r.received_at <= told.received_at
        )


def relayed(topic: MemoryTopic, entries: list[Entry], data: st.DataObject) -> None:
    """Two relays that know nothing of each other, whose sends break off; at last all is there.

    A mark comes only after everything up to it was sent by the relay that sends the mark.
    """
    nodes: dict[str, list[Entry]] = {}
    for entry in entries:
        nodes.setdefault(entry.node, []).append(entry)
    cursors = [dict.fromkeys(nodes, 0), dict.fromkeys(nodes, 0)]
    names = sorted(nodes)
    for _ in range(data.draw(st.integers(0, 12), label="sends")):
        cursor = cursors[data.draw(st.integers(0, 1))]
        node = data.draw(st.sampled_from(names))
        batch = nodes[node][cursor[node] :][: data.draw(st.integers(1, 8))]
        if data.draw(st.booleans(), label="whole"):
            deliver(topic, batch)
            cursor[node] += len(batch)
        else:
            topic.send(e for e in batch if data.draw(st.booleans(), label="arrived"))
    for node in names:
        deliver(topic, nodes[node][cursors[0][node] :])


def deliver(topic: MemoryTopic, batch: list[Entry]) -> None:
    """All of a batch, then its mark."""
    topic.send(batch)
    for record in records_of(batch[-1:]):
        topic.mark(record.node, record.position, record.received_at)


def disturbed(
    warehouse: Warehouse, topic: MemoryTopic, entries: list[Entry], data: st.DataObject
) -> None:
    """Projectors that come, are killed, lose partitions and go on without knowing it."""
    parts = st.sets(st.sampled_from(sorted(topic.names())))
    rows = data.draw(st.sampled_from([1, 4, 10_000]), label="block")

    def reassign(log: ScriptedLog) -> None:
        """Others have some of its partitions now, and work on them before it hears of it."""
        other = data.draw(parts, label="to others")
        projector(warehouse, MemberLog(topic, other), rows).catch_up()
        if data.draw(st.booleans(), label="told"):
            log.has = frozenset(data.draw(parts, label="keeps"))

    def kill(_log: ScriptedLog) -> None:
        raise _Killed

    for _ in range(data.draw(st.integers(0, 3), label="lives")):
        readings = st.dictionaries(st.integers(0, 9), st.sampled_from([reassign, kill]), max_size=3)
        log = ScriptedLog(topic, data.draw(parts, label="has"), data.draw(readings))
        with suppress(_Killed):
            projector(warehouse, log, rows).catch_up()
        claims_hold(warehouse, entries)
    projector(warehouse, MemberLog(topic), rows).catch_up()


def views_equal_the_fold(warehouse: Warehouse, entries: list[Entry], data: st.DataObject) -> None:
    """After all of that nothing differs from a fold of the facts, and all is complete."""
    empty(warehouse)
    topic = MemoryTopic(data.draw(st.integers(1, 3), label="partitions"))
    relayed(topic, entries, data)
    disturbed(warehouse, topic, entries, data)

    assert check(warehouse, by_node(entries), total=len(entries)).listed == []
    claims_hold(warehouse, entries)
    heads = {record.node: record for record in records_of(by_node(entries))}
    assert checkpoints.complete(warehouse) == {
        node: Complete(head.position, head.received_at) for node, head in heads.items()
    }


@settings(SLICE, max_examples=12)
@given(histories(), st.data())
def test_views_equal_the_fold(
    warehouse: Warehouse, entries: list[Entry], data: st.DataObject
) -> None:
    """Duplicates, disorder, two relays, kills, rebalances, two owners at once: no difference."""
    views_equal_the_fold(warehouse, entries, data)


@pytest.mark.soak
@LOOP
@given(histories(120), st.data())
def test_views_equal_the_fold_for_long(
    warehouse: Warehouse, entries: list[Entry], data: st.DataObject
) -> None:
    """As above, with longer histories and many more of them."""
    views_equal_the_fold(warehouse, entries, data)


@pytest.fixture
def topic() -> MemoryTopic:
    """Three partitions with all that was recorded."""
    topic = MemoryTopic()
    for start in range(0, 300, 50):
        topic.deliver(ENTRIES[start : start + 50])
    return topic


@pytest.fixture
def store() -> MemoryLog:
    """The event store's own log."""
    return MemoryLog(ENTRIES)


def test_two_that_both_believe_they_own_a_partition(
    warehouse: Warehouse, topic: MemoryTopic
) -> None:
    """Both insert the same, both say only what is true, and neither turns the other back."""
    fast = MemberLog(topic)
    slow = ScriptedLog(topic, topic.names(), {2: lambda _: projector(warehouse, fast).catch_up()})
    projector(warehouse, slow, rows=20).catch_up()

    assert checkpoints.complete(warehouse) == {"main": Complete(300, LAST)}
    assert check(warehouse, ENTRIES, total=300).listed == []


def test_a_partition_is_taken_over_where_its_checkpoint_is(
    warehouse: Warehouse, topic: MemoryTopic
) -> None:
    """Whoever gains one reads on, not again."""
    projector(warehouse, MemberLog(topic, {"0", "1"})).catch_up()
    first = sum(len(portion.entries) for p in "01" if (portion := topic.portion(p, 0, 999)))
    second = projector(warehouse, MemberLog(topic))
    second.catch_up()

    assert second.health.records == 300 - first
    assert checkpoints.complete(warehouse) == {"main": Complete(300, LAST)}


def test_nothing_is_complete_before_all_partitions_are(
    warehouse: Warehouse, topic: MemoryTopic
) -> None:
    """One of three is not read by anybody: no day is closed, no moment is told."""
    topic.mark("main", 300, START.replace(year=2027))
    projector(warehouse, MemberLog(topic, {"0", "1"})).catch_up()
    assert checkpoints.complete(warehouse) == {}
    assert warehouse.rows("SELECT count() FROM keyframes") == [(0,)]

    projector(warehouse, MemberLog(topic, {"2"})).catch_up()
    assert warehouse.rows("SELECT count() > 0 FROM keyframes") == [(True,)]
    assert check(warehouse, ENTRIES, total=300).listed == []


def lost(topic: MemoryTopic, partition: str, entries: int) -> None:
    """Let the first entries of a partition be gone."""
    portion = topic.portion(partition, 0, entries)
    assert portion is not None
    topic.expire(partition, portion.after)


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
