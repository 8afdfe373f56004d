"""The views on a cluster of ClickHouse servers, from the same files.  Pure.

Each table becomes two: ``NAME_local`` holds a shard's rows on its replicas, ``NAME`` stands
before all shards (Distributed).  ``events`` is sharded by stream, and every other view is made
from a shard's own events by a feed there.  So all versions of a thing, and all rows of an
event, lie on one shard, and ``FINAL``, which looks at one shard at a time, misses nothing.
What is not made from events (checkpoints, keyframes, …) is small and lies on the first shard.

Repeated blocks are kept (``replicated_deduplication_window = 0``), as on one server: exactly
once comes from keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from services.projector.errors import LayoutMismatch, ViewFileInvalid
from services.projector.layout import Layout, OneServer, Statements, local
from services.projector.view_files import SOURCE, ViewFile

BY_STREAM = "cityHash64(stream)"
ON_FIRST_SHARD = "0"

REPLICA = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"
"""A path of its own for each table, which it keeps when tables change places."""

NO_WINDOW = (
    "replicated_deduplication_window = 0, replicated_deduplication_window_for_async_inserts = 0"
)

_ENGINE = re.compile(r"^ENGINE = ReplacingMergeTree(?:\((\w+)\))?$", re.MULTILINE)
_SETTINGS = re.compile(r"^SETTINGS (.+)$", re.MULTILINE)
_FROM_SOURCE = re.compile(rf"\bFROM {SOURCE}\b")


class Cluster:
    """A cluster by ClickHouse's own name for it; see ``Layout``."""

    def __init__(self, cluster: str, database: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", cluster):
            raise LayoutMismatch("a cluster of another name", "letters, digits, _ . and - alone")
        self._cluster = cluster
        self._database = database
        self._on = f"ON CLUSTER '{cluster}'"

    def create(self, file: ViewFile, target: str | None = None) -> Statements:
        """The shards' tables, then the one before them."""
        name = target or file.name
        return (
            replicated(file.create(local(name)), local(name), self._on),
            self._distributed("CREATE TABLE IF NOT EXISTS", file, name),
        )

    def follow(self, file: ViewFile, target: str | None = None) -> Statements:
        """A feed on each server, from its own events into its own rows."""
        name = target or file.name
        if file.select is None:
            raise ViewFileInvalid(file.name, "it has no select")
        own = _FROM_SOURCE.sub(f"FROM {local(SOURCE)} AS {SOURCE}", file.select)
        return (
            f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name}_feed {self._on}"
            f" TO {local(name)} AS\n{own}",
        )

    def view(self, file: ViewFile) -> Statements:
        """The same plain view on every server, over the tables that stand before the shards."""
        made = f"CREATE OR REPLACE VIEW {file.name}"
        return (file.plain_view().replace(made, f"{made} {self._on}", 1),)

    def fill(self, file: ViewFile, target: str, columns: list[str], shard: int) -> str:
        """From the events of a shard into the rows of the same shard."""
        filled = file.fill(target, columns, self._database)
        narrowed = filled.replace(
            f"FROM {self._database}.{SOURCE} WHERE",
            f"FROM {self._database}.{SOURCE} WHERE _shard_num = {shard} AND",
            1,
        )
        return f"{narrowed}, insert_shard_id = {shard}"

    def drop(self, name: str, *, is_view: bool = False) -> Statements:
        """On every server: what stands before the shards first."""
        kind = "VIEW" if is_view else "TABLE"
        names = (name,) if is_view else (name, local(name))
        return tuple(f"DROP {kind} IF EXISTS {one} {self._on} SYNC" for one in names)

    def exchange(self, file: ViewFile, other: str) -> Statements:
        """The shards' rows change places; the table before them takes on their form."""
        return (
            f"EXCHANGE TABLES {local(file.name)} AND {local(other)} {self._on}",
            self._distributed("CREATE OR REPLACE TABLE", file, file.name),
        )

    def empty(self, name: str) -> Statements:
        """On every server."""
        return (f"TRUNCATE TABLE IF EXISTS {local(name)} {self._on} SYNC",)

    def shards(self) -> str | None:
        """Asked of the server, which knows its cluster."""
        return f"SELECT max(shard_num) FROM system.clusters WHERE cluster = '{self._cluster}'"  # noqa: S608 -- a plain name

    def prove(self, files: Iterable[ViewFile], tables: frozenset[str]) -> None:
        """A table without a share on this server was made for one server alone."""
        for file in files:
            if file.table and file.name in tables and local(file.name) not in tables:
                raise LayoutMismatch("one server", "leave YIPING_CLUSTER empty, or begin anew")

    def _distributed(self, made: str, file: ViewFile, name: str) -> str:
        """The table before the shards; what is made from events is only ever filled by shard."""
        arguments = [f"'{self._cluster}'", f"'{self._database}'", f"'{local(name)}'"]
        if file.select is None:
            arguments.append(BY_STREAM if file.name == SOURCE else ON_FIRST_SHARD)
        return (
            f"{made} {name} {self._on} AS {local(name)}\n"
            f"ENGINE = Distributed({', '.join(arguments)})"
        )


def replicated(create: str, name: str, on: str) -> str:
    """The DDL of one server's table as that of a shard's; raises ViewFileInvalid.

    Columns, order, partitions and settings stay as they are.
    """
    head = f"CREATE TABLE IF NOT EXISTS {name}\n"
    engine = _ENGINE.search(create)
    if not create.startswith(head) or engine is None:
        raise ViewFileInvalid(name, "its engine must be ReplacingMergeTree")
    if not _SETTINGS.search(create):
        raise ViewFileInvalid(name, "it needs a line of SETTINGS")
    version = f", {engine[1]}" if engine[1] else ""
    made = create.replace(head, f"{head.rstrip()} {on}\n", 1)
    made = _ENGINE.sub(f"ENGINE = ReplicatedReplacingMergeTree({REPLICA}{version})", made)
    return _SETTINGS.sub(rf"SETTINGS \1, {NO_WINDOW}", made)


def layout_of(cluster: str, database: str) -> Layout:
    """The layout for the setting: a cluster's name, or empty for one server."""
    return Cluster(cluster, database) if cluster else OneServer(database)
