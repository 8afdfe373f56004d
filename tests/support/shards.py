"""Clusters of ClickHouse as far as one engine can play them.

``Rehearsal`` runs a cluster's own statements with what needs several servers taken out: ON
CLUSTER, replication, and the network.  ``spread`` lays records over databases as a cluster
would over shards, with one more that reads them all as one, ``FINAL`` by shard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.backbone.warehouse import Warehouse
from services.projector.cluster_ddl import BY_STREAM, Cluster
from services.projector.layout import Statements
from services.projector.migrations import Step, apply, carry_out, standing, steps
from services.projector.view_files import ViewFile, load

NAME = "rehearsal"

_REPLICATED = re.compile(r"ReplicatedReplacingMergeTree\('[^']+', '\{replica\}'(?:, (\w+))?\)")
_DISTRIBUTED = re.compile(
    r"^(CREATE (?:OR REPLACE )?TABLE (?:IF NOT EXISTS )?\w+) AS \w+\n"
    r"ENGINE = Distributed\('\w+', ('\w+', '\w+')(?:, .+)?\)$"
)


def rehearsed(statement: str) -> str:
    """A cluster's statement for one engine."""
    alone = statement.replace(f" ON CLUSTER '{NAME}'", "")
    alone = _REPLICATED.sub(r"ReplacingMergeTree(\1)", alone)
    alone = re.sub(r", replicated_deduplication_window\w* = 0", "", alone)
    return _DISTRIBUTED.sub(r"\1 AS remote('127.0.0.1', \2)", alone)


class Rehearsal(Cluster):
    """One shard, whose table before the shards is read as over a network."""

    def __init__(self, database: str) -> None:
        super().__init__(NAME, database)

    def create(self, file: ViewFile, target: str | None = None) -> Statements:
        """See ``Layout``."""
        return tuple(map(rehearsed, super().create(file, target)))

    def follow(self, file: ViewFile, target: str | None = None) -> Statements:
        """See ``Layout``."""
        return tuple(map(rehearsed, super().follow(file, target)))

    def view(self, file: ViewFile) -> Statements:
        """See ``Layout``."""
        return tuple(map(rehearsed, super().view(file)))

    def drop(self, name: str, *, is_view: bool = False) -> Statements:
        """See ``Layout``."""
        return tuple(map(rehearsed, super().drop(name, is_view=is_view)))

    def exchange(self, file: ViewFile, other: str) -> Statements:
        """See ``Layout``."""
        return tuple(map(rehearsed, super().exchange(file, other)))

    def empty(self, name: str) -> Statements:
        """See ``Layout``."""
        return tuple(map(rehearsed, super().empty(name)))

    def shards(self) -> str | None:
        """See ``Layout``."""
        return "SELECT 1"


def apply_as(warehouse: Warehouse, layout: Cluster, files: list[ViewFile]) -> list[Step]:
    """Carry out the plan of a layout; tells what it was."""
    planned = steps(files, standing(warehouse), layout)
    for statement in layout.create(next(file for file in files if file.name == "migrations")):
        warehouse.command(statement)
    for step in planned:
        carry_out(warehouse, step, layout=layout)
    return planned


def spread(single: Warehouse, shards: Sequence[Warehouse], whole: Warehouse) -> None:
    """Lay what a database holds over others by a cluster's own key, each record twice.

    ``whole`` then reads them all as one, as a table before the shards does.
    """
    for n, shard in enumerate(shards):
        apply(shard)
        for _ in range(2):
            shard.command(
                f"INSERT INTO events SELECT * FROM {single.database}.events"  # noqa: S608 -- names of ours
                f" WHERE {BY_STREAM} % {len(shards)} = {n}"
            )
    for name in ("keyframes", "checkpoints"):
        shards[0].command(f"INSERT INTO {name} SELECT * FROM {single.database}.{name}")  # noqa: S608 -- names of ours
    databases = "|".join(shard.database for shard in shards)
    for file in load():
        if file.table:
            whole.command(
                f"CREATE TABLE {file.name} AS {single.database}.{file.name}"
                f" ENGINE = Merge(REGEXP('^({databases})$'), '^{file.name}$')"
            )
        else:
            whole.command(file.plain_view())
