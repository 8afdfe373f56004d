"""Projectors of a group, for tests of what happens between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import count, islice

from services.backbone.log import Entry, Portion
from services.backbone.progress import Progress
from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.runner import Projector
from tests.support.histories import records_of
from tests.support.memory_log import MemberLog, MemoryTopic
from tests.support.records import province

ENTRIES = list(islice(province(11, at_once=20), 300))
LAST = records_of(ENTRIES[-1:])[0].received_at


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


def filled() -> MemoryTopic:
    """Three partitions with all entries, and a mark after every fifty."""
    topic = MemoryTopic()
    for start in range(0, len(ENTRIES), 50):
        topic.deliver(ENTRIES[start : start + 50])
    return topic


def lost(topic: MemoryTopic, partition: str, entries: int) -> None:
    """Let the first entries of a partition be gone."""
    portion = topic.portion(partition, 0, entries)
    assert portion is not None
    topic.expire(partition, portion.after)
