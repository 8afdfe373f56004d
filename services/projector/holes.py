"""Holes: what of a partition was gone (its retention passed) before it was read.  Pure.

What a partition tells to be complete after a hole includes what was in the hole, so it is not
believed of any node until that node's events were fed again from its event store, by a refeed
that began after the hole was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from services.backbone.log import Complete, Portion


class Refeed(NamedTuple):
    """A node was fed again from its event store."""

    node: str
    holes: Mapping[str, int]
    """The holes by partition that stood when it began."""


class Holes:
    """The partitions with a hole, and the nodes that are past it."""

    def __init__(self) -> None:
        self._standing: dict[str, int] = {}
        self._past: dict[tuple[str, str], int] = {}
        self._refused: dict[str, set[str]] = {}

    def begin(self, partition: str, hole: int, past: Mapping[str, int]) -> None:
        """Take up a partition: its last hole (0: none), and which hole each node is past."""
        self.forget(partition)
        if hole:
            self._standing[partition] = hole
            self._past.update({(partition, node): at for node, at in past.items()})

    def forget(self, partition: str) -> None:
        """Another reader has the partition now."""
        self._standing.pop(partition, None)
        self._refused.pop(partition, None)
        self._past = {place: at for place, at in self._past.items() if place[0] != partition}

    def standing(self, partition: str) -> int:
        """The offset behind the partition's last hole; 0 without one."""
        return self._standing.get(partition, 0)

    def past(self, partition: str, node: str) -> int:
        """The offset behind the last hole that a node is past."""
        return self._past.get((partition, node), 0)

    def believed(self, portion: Portion) -> Mapping[str, Complete]:
        """What of the told may be relied upon."""
        hole = self.standing(portion.partition)
        if not hole or not portion.complete:
            return portion.complete
        believed = {
            node: told
            for node, told in portion.complete.items()
            if self.past(portion.partition, node) >= hole
        }
        refused = portion.complete.keys() - believed.keys()
        self._refused.setdefault(portion.partition, set()).update(refused)
        return believed

    def open(self) -> frozenset[str]:
        """Partitions that wait for a refeed: no node is past the hole, or one that tells is not."""
        return frozenset(
            partition
            for partition, hole in self._standing.items()
            if any(self.past(partition, n) < hole for n in self._refused.get(partition, ()))
            or not any(p == partition and at >= hole for (p, _), at in self._past.items())
        )

    def heal(self, refeeds: list[Refeed]) -> None:
        """Hear of nodes that were fed again."""
        for refeed in refeeds:
            for partition, hole in refeed.holes.items():
                place = (partition, refeed.node)
                if partition in self._standing:
                    self._past[place] = max(hole, self._past.get(place, 0))
