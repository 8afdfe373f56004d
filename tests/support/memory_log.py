"""Logs in memory, for tests of what reads one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from zlib import crc32

import msgspec

from services.backbone.errors import OffsetLost
from services.backbone.log import LOAD_PREFIX, Complete, Entry, Poison, Portion


class _Known(msgspec.Struct):
    stream: str
    received_at: datetime


_decoder = msgspec.json.Decoder(_Known)


class _Mark(msgspec.Struct, frozen=True):
    """Everything of a node up to there was delivered."""

    node: str
    complete: Complete


class _Woken:
    """Waiting for news."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._news = False

    def tell(self) -> None:
        """There is something new; the condition is held."""
        self._news = True
        self.changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """See ``Log``."""
        with self.changed:
            news = self.changed.wait_for(lambda: self._news, timeout_s)
            self._news = False
            return news


class MemoryLog:
    """As the event store's own log: each node is a partition, each entry stands once."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._woken = _Woken()
        self._nodes: dict[str, list[Entry]] = {}
        self.complete_to = datetime(2000, 1, 1, tzinfo=UTC)
        self.wait = self._woken.wait
        self.append(entries)

    def append(self, entries: Iterable[Entry]) -> None:
        """Put entries at the end of their nodes."""
        with self._woken.changed:
            for entry in entries:
                self._nodes.setdefault(entry.node, []).append(entry)
            self._woken.tell()

    def entries(self) -> list[Entry]:
        """All entries, node by node."""
        return [entry for node in self._nodes.values() for entry in node]

    def identity(self) -> str:
        """See ``Log``."""
        return "memory"

    def assigned(self) -> frozenset[str] | None:
        """See ``Log``."""
        return None

    def first(self, partition: str) -> int:
        """See ``Log``."""
        return 0

    def ends(self) -> Mapping[str, int]:
        """See ``Log``."""
        with self._woken.changed:
            return {node: entries[-1].position for node, entries in self._nodes.items()}

    def watermarks(self) -> Mapping[str, Complete]:
        """What the test says."""
        live = {n: p for n, p in self.ends().items() if not n.startswith(LOAD_PREFIX)}
        return {n: Complete(p, self.complete_to) for n, p in {"main": 0, **live}.items()}

    def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
        """See ``Log``."""
        with self._woken.changed:
            for node in sorted(self._nodes, key=lambda n: n.startswith(LOAD_PREFIX)):
                reached = after.get(node, 0)
                later = [e for e in self._nodes[node] if e.position > reached][:limit]
                if later:
                    last = later[-1]
                    complete = Complete(last.position, _decoder.decode(last.body).received_at)
                    return Portion(node, later, last.position, {node: complete}, [])
            return None


class MemoryTopic:
    """As a topic of Kafka: entries and marks in partitions, what stands twice included."""

    def __init__(self, partitions: int = 3, name: str = "topic/1") -> None:
        self.partitions = partitions
        self.name = name
        self.woken = _Woken()
        self._records: dict[str, list[Entry | _Mark | bytes]] = {
            str(n): [] for n in range(partitions)
        }
        self._firsts = dict.fromkeys(self._records, 0)

    def names(self) -> frozenset[str]:
        """All partitions."""
        return frozenset(self._records)

    def partition_of(self, entry: Entry) -> str:
        """Where an entry belongs, by its stream."""
        return str(crc32(_decoder.decode(entry.body).stream.encode()) % self.partitions)

    def send(self, entries: Iterable[Entry]) -> None:
        """Append entries without a word on what is complete."""
        with self.woken.changed:
            for entry in entries:
                self._records[self.partition_of(entry)].append(entry)
            self.woken.tell()

    def mark(self, node: str, position: int, received_at: datetime) -> None:
        """Tell every partition that a node was delivered up to there."""
        mark = _Mark(node, Complete(position, received_at, self.partitions))
        with self.woken.changed:
            for records in self._records.values():
                records.append(mark)
            self.woken.tell()

    def deliver(self, entries: Iterable[Entry]) -> None:
        """Send entries as a relay does, then mark the last of each node."""
        sent = list(entries)
        self.send(sent)
        for entry in {entry.node: entry for entry in sent}.values():
            self.mark(entry.node, entry.position, _decoder.decode(entry.body).received_at)

    def add(self, partition: str, entry: Entry) -> None:
        """Append one entry, whatever its body is."""
        with self.woken.changed:
            self._records[partition].append(entry)
            self.woken.tell()

    def spoil(self, partition: str, body: bytes) -> None:
        """Append what is no record."""
        with self.woken.changed:
            self._records[partition].append(body)
            self.woken.tell()

    def expire(self, partition: str, offset: int) -> None:
        """Let everything before an offset be gone."""
        self._firsts[partition] = offset

    def first(self, partition: str) -> int:
        """See ``Log``."""
        return self._firsts[partition]

    def end(self, partition: str) -> int:
        """The offset after the last."""
        return len(self._records[partition])

    def portion(self, partition: str, offset: int, limit: int) -> Portion | None:
        """What stands from an offset on; None when nothing does."""
        records = self._records[partition]
        if not self._firsts[partition] <= offset <= len(records):
            raise OffsetLost(f"{offset} of {partition}")
        start = at = offset
        entries: list[Entry] = []
        complete: dict[str, Complete] = {}
        poison: list[Poison] = []
        while at < len(records) and len(entries) < limit:
            record = records[at]
            if isinstance(record, Entry):
                entries.append(record)
            elif isinstance(record, _Mark):
                known = complete.get(record.node, record.complete)
                complete[record.node] = max(known, record.complete)
            else:
                poison.append(Poison(at, record, "no record"))
            at += 1
        return Portion(partition, entries, at, complete, poison) if at > start else None


class MemberLog:
    """What one member of a group reads of a topic; the test says which partitions it has."""

    def __init__(self, topic: MemoryTopic, assigned: Iterable[str] | None = None) -> None:
        """Without ``assigned`` it has all partitions."""
        self.topic = topic
        self.has = topic.names() if assigned is None else frozenset(assigned)
        self.wait = topic.woken.wait
        self._told: frozenset[str] = frozenset()

    def identity(self) -> str:
        """See ``Log``."""
        return self.topic.name

    def assigned(self) -> frozenset[str] | None:
        """See ``Log``."""
        self._told = self.has
        return self.has

    def first(self, partition: str) -> int:
        """See ``Log``."""
        return self.topic.first(partition)

    def ends(self) -> Mapping[str, int]:
        """See ``Log``."""
        return {partition: self.topic.end(partition) for partition in self.has}

    def watermarks(self) -> Mapping[str, Complete]:
        """Marks tell it."""
        return {}

    def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
        """See ``Log``; what was assigned and not asked for stays where it is."""
        with self.topic.woken.changed:
            for partition in sorted(self.has & self._told, key=lambda p: (after.get(p, 0), p)):
                offset = after.get(partition, self.topic.first(partition))
                portion = self.topic.portion(partition, offset, limit)
                if portion is not None:
                    return portion
            return None
