"""Projectors that share a topic: whatever happens between them, every view is the fold."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.backbone.log import Complete, Entry
from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.check import check
from tests.projector.grouping import (
    ENTRIES,
    LAST,
    ScriptedLog,
    claims_hold,
    filled,
    projector,
)
from tests.projector.test_invariants import LOOP, SLICE, by_node
from tests.support.histories import histories, records_of
from tests.support.memory_log import MemberLog, MemoryTopic
from tests.support.projecting import empty
from tests.support.records import START


@pytest.fixture
def topic() -> MemoryTopic:
    """Three partitions with all that was recorded."""
    return filled()


_Happening = tuple[frozenset[str], frozenset[str] | None] | None
"""None: the end. Else what another has, and works on before anybody hears of it; and what is
kept, None where nobody is told."""


class _Killed(BaseException):
    """The end of a process, in the middle of what it did."""


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
    parts = st.frozensets(st.sampled_from(sorted(topic.names())))
    rows = data.draw(st.sampled_from([1, 4, 10_000]), label="block")
    happenings = st.none() | st.tuples(parts, st.none() | parts)

    def happens(what: _Happening) -> Callable[[ScriptedLog], None]:
        def happen(log: ScriptedLog) -> None:
            if what is None:
                raise _Killed
            others, keeps = what
            projector(warehouse, MemberLog(topic, others), rows).catch_up()
            log.has = log.has if keeps is None else keeps

        return happen

    for _ in range(data.draw(st.integers(0, 3), label="lives")):
        script = data.draw(st.dictionaries(st.integers(0, 9), happenings, max_size=3))
        has = data.draw(parts, label="has")
        log = ScriptedLog(topic, has, {n: happens(what) for n, what in script.items()})
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
