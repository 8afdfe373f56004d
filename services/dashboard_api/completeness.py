"""How far nodes are complete, from what was told of each partition.  Pure.

The same as the view ``complete`` says: asked of the warehouse each time a block stands, the view
would cost three times what its rows do.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from services.backbone.log import LOAD_PREFIX
from services.backbone.progress import NEVER

SILENT_AFTER = timedelta(seconds=30)


class Node(NamedTuple):
    """How far a node is complete in every view."""

    name: str
    position: int
    received_at: datetime
    heard_at: datetime
    """When the warehouse was last told that it came further."""


class Told(NamedTuple):
    """How far one partition is complete for a node; a row of ``checkpoints`` with a node."""

    partition: str
    node: str
    position: int
    received_at: datetime
    partitions: int
    """How many there are in all, by the one who told."""
    written_at: datetime


def complete(told: Iterable[Told], fed_again: Iterable[Node]) -> list[Node]:
    """Each node as far as its slowest partition, once all have told; or where a refeed brought it.

    Of several logs that had the node, the one that was last heard of counts.
    """
    logs: dict[str, dict[tuple[bool, int], list[Told]]] = {}
    for row in told:
        log = row.partition.isdecimal(), row.partitions
        logs.setdefault(row.node, {}).setdefault(log, []).append(row)
    found = {}
    for name, of_node in logs.items():
        rows = max(of_node.values(), key=lambda rows: max(row.written_at for row in rows))
        if len(rows) >= rows[0].partitions:
            found[name] = _slowest(name, rows)
    for fed in fed_again:
        found[fed.name] = _further(fed, found.get(fed.name, fed))
    return list(found.values())


def _slowest(name: str, rows: list[Told]) -> Node:
    return Node(
        name,
        min(row.position for row in rows),
        min(row.received_at for row in rows),
        max(row.written_at for row in rows),
    )


def _further(one: Node, other: Node) -> Node:
    return Node(
        one.name,
        max(one.position, other.position),
        max(one.received_at, other.received_at),
        max(one.heard_at, other.heard_at),
    )


def silent(nodes: list[Node]) -> frozenset[str]:
    """Live nodes from which nothing was heard while others were.

    A city whose line is cut must not hold the province up: the moment shown goes on without
    it.  By the warehouse's own clock alone, so all dashboards agree.
    """
    live = [node for node in nodes if not node.name.startswith(LOAD_PREFIX)]
    newest = max((node.heard_at for node in live), default=NEVER)
    return frozenset(node.name for node in live if newest - node.heard_at > SILENT_AFTER)


def watermark_of(nodes: list[Node]) -> datetime:
    """Up to when everything of the live nodes stands, but of those that are silent.

    That of the loads where there is no live node.
    """
    left_out = silent(nodes)
    live = [
        node.received_at
        for node in nodes
        if not node.name.startswith(LOAD_PREFIX) and node.name not in left_out
    ]
    return min(live, default=max((node.received_at for node in nodes), default=NEVER))
