"""How the views lie on servers: the statements that make, fill and change them.  Pure.

``OneServer`` is the files' own SQL; ``cluster_ddl.Cluster`` spreads the same files over shards
and replicas.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from services.projector.errors import LayoutMismatch
from services.projector.view_files import SOURCE, ViewFile

Statements = tuple[str, ...]


class Layout(Protocol):
    """What differs between one server and a cluster."""

    def create(self, file: ViewFile, target: str | None = None) -> Statements:
        """Make the table of a file, under another name if ``target`` gives one."""
        ...

    def follow(self, file: ViewFile, target: str | None = None) -> Statements:
        """Make the feed that fills the table with each insert into ``events``."""
        ...

    def view(self, file: ViewFile) -> Statements:
        """Make or replace a plain view."""
        ...

    def fill(self, file: ViewFile, target: str, columns: list[str], shard: int) -> str:
        """``INSERT SELECT`` of a range of events, of one shard (see ``ViewFile.fill``)."""
        ...

    def drop(self, name: str, *, is_view: bool = False) -> Statements:
        """Let go of a table, a feed or a plain view, if it stands."""
        ...

    def exchange(self, file: ViewFile, other: str) -> Statements:
        """Let a table and another of the same form change places."""
        ...

    def empty(self, name: str) -> Statements:
        """Take all rows out of a table, if it stands."""
        ...

    def shards(self) -> str | None:
        """The query that tells how many shards there are; None: one."""
        ...

    def prove(self, files: Iterable[ViewFile], tables: frozenset[str]) -> None:
        """Raise LayoutMismatch where tables stand that were made for another layout."""
        ...


class OneServer:
    """One server, or one engine in the process: one table for each file."""

    def __init__(self, database: str) -> None:
        self._database = database

    def create(self, file: ViewFile, target: str | None = None) -> Statements:
        """See ``Layout``."""
        return (file.create(target),)

    def follow(self, file: ViewFile, target: str | None = None) -> Statements:
        """See ``Layout``."""
        return (file.follow(target),)

    def view(self, file: ViewFile) -> Statements:
        """See ``Layout``."""
        return (file.plain_view(),)

    def fill(self, file: ViewFile, target: str, columns: list[str], shard: int) -> str:
        """See ``Layout``."""
        return file.fill(target, columns, self._database)

    def drop(self, name: str, *, is_view: bool = False) -> Statements:
        """See ``Layout``."""
        return (f"DROP {'VIEW' if is_view else 'TABLE'} IF EXISTS {name} SYNC",)

    def exchange(self, file: ViewFile, other: str) -> Statements:
        """See ``Layout``."""
        return (f"EXCHANGE TABLES {file.name} AND {other}",)

    def empty(self, name: str) -> Statements:
        """See ``Layout``."""
        return (f"TRUNCATE TABLE IF EXISTS {name} SYNC",)

    def shards(self) -> str | None:
        """See ``Layout``."""
        return None

    def prove(self, files: Iterable[ViewFile], tables: frozenset[str]) -> None:
        """See ``Layout``."""
        if local(SOURCE) in tables:
            raise LayoutMismatch("a cluster", "name it in YIPING_CLUSTER")


def local(name: str) -> str:
    """The name of a table's share on each server of a cluster."""
    return f"{name}_local"
