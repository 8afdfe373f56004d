"""How far something is: by partition where to read on, by partition and node what is complete.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from services.backbone.log import Complete

Place = tuple[str, str]
"""A partition and a node."""


class Extent:
    """Offsets and what is complete; the latter never goes back."""

    def __init__(
        self,
        offsets: Mapping[str, int] | None = None,
        complete: Mapping[Place, Complete] | None = None,
    ) -> None:
        self.offsets = dict(offsets or {})
        self.complete = dict(complete or {})

    def advance(self, offsets: Mapping[str, int], complete: Mapping[Place, Complete]) -> None:
        """Hear of more."""
        self.offsets.update(offsets)
        for place, told in complete.items():
            self.complete[place] = later(self.complete.get(place), told)

    def begin(self, partition: str, offset: int, complete: Mapping[str, Complete]) -> None:
        """Start a partition where its checkpoint says, also before where it was."""
        self.forget([partition])
        self.offsets[partition] = offset
        self.complete.update({(partition, node): told for node, told in complete.items()})

    def forget(self, partitions: Iterable[str]) -> None:
        """Hold no more of partitions that others have now."""
        gone = frozenset(partitions)
        self.offsets = {p: at for p, at in self.offsets.items() if p not in gone}
        self.complete = {
            place: told for place, told in self.complete.items() if place[0] not in gone
        }

    def copy(self) -> Self:
        """The same, to go on alone."""
        return type(self)(self.offsets, self.complete)

    def nodes(self) -> dict[str, Complete]:
        """What is complete over all partitions of each node of which all are known."""
        told: dict[str, list[Complete]] = {}
        for (_, node), complete in self.complete.items():
            told.setdefault(node, []).append(complete)
        return {
            node: Complete(
                min(complete.position for complete in all_),
                min(complete.received_at for complete in all_),
                len(all_),
            )
            for node, all_ in told.items()
            if len(all_) >= max(complete.partitions for complete in all_)
        }


def later(held: Complete | None, told: Complete) -> Complete:
    """What two words on the same place say together."""
    if held is None:
        return told
    return Complete(
        max(held.position, told.position),
        max(held.received_at, told.received_at),
        told.partitions,
    )
