"""The files of views/: what stands in the warehouse, and the SQL that makes it.

A file has comments that say what it is for, then parts under a marker line each:
``-- table`` the target's DDL, ``-- select`` what fills it from ``events``, used by its feed
(the materialized view) and by its backfill alike, ``-- view`` a plain view over a table.
The name of the file is the name of what it makes.  Pure but for ``load``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources

from services.projector.errors import UnknownView, ViewFileInvalid

SOURCE = "events"
"""The table that the log goes into; all others are made from it."""

FILL_THREADS = 2
"""A fill sorts and packs on so many cores; each makes parts of its own."""

_MARKER = re.compile(r"^-- (table|select|view)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ViewFile:
    """One file of views/."""

    name: str
    purpose: str
    table: str | None
    """``CREATE TABLE``; None for a plain view."""
    select: str | None
    """What fills the table from ``events``; None where the projector itself writes."""
    view: str | None
    """``CREATE OR REPLACE VIEW``."""

    @property
    def digest(self) -> str:
        """SHA-256 of the SQL without comments and layout: changes when the view must."""
        sql = "\n".join(part for part in (self.table, self.select, self.view) if part)
        return sha256(" ".join(_without_comments(sql).split()).encode()).hexdigest()

    @property
    def summary(self) -> str:
        """The first sentence of the purpose."""
        return self.purpose.split(". ")[0].rstrip(".")

    @property
    def feed(self) -> str:
        """The name of the materialized view that fills the table."""
        return f"{self.name}_feed"

    def create(self, target: str | None = None) -> str:
        """The DDL of the table, under another name if ``target`` gives one."""
        if self.table is None:
            raise ViewFileInvalid(self.name, "it has no table")
        name = target or self.name
        return self.table.replace(
            f"CREATE TABLE {self.name}", f"CREATE TABLE IF NOT EXISTS {name}", 1
        )

    def plain_view(self) -> str:
        """The DDL of a plain view."""
        if self.view is None:
            raise ViewFileInvalid(self.name, "it has no view")
        return self.view

    def follow(self, target: str | None = None) -> str:
        """The DDL of the feed that fills the table (or ``target``) with each insert."""
        name = target or self.name
        return (
            f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name}_feed TO {name} AS\n{self._selected()}"
        )

    def fill(self, target: str, columns: list[str], database: str) -> str:
        """``INSERT SELECT`` of the events of one node within two positions.

        Parameters: ``node``, ``after`` (not included) and ``upto``.
        """
        listed = ", ".join(columns)
        insert = f"INSERT INTO {target} ({listed})\nSELECT {listed} FROM (\n"
        part = self.selected(
            f"{database}.{SOURCE} WHERE node = {{node:String}}"
            " AND position > {after:UInt64} AND position <= {upto:UInt64}"
        )
        return f"{insert}{part})\nSETTINGS max_insert_threads = {FILL_THREADS}"

    def selected(self, rows: str) -> str:
        """What the view makes of some events; ``rows`` names a table of them, narrowed or not."""
        return f"WITH {SOURCE} AS (SELECT * FROM {rows})\n{self._selected()}"  # noqa: S608 -- names from views/, values bound

    def _selected(self) -> str:
        if self.select is None:
            raise ViewFileInvalid(self.name, "it has no select")
        return self.select


def parse(name: str, text: str) -> ViewFile:
    """Read one file; raises ViewFileInvalid."""
    head, *rest = _MARKER.split(text)
    parts = {kind: sql.strip() for kind, sql in zip(rest[::2], rest[1::2], strict=True)}
    if ("table" in parts) == ("view" in parts):
        raise ViewFileInvalid(name, "it needs a -- table or a -- view")
    made = f"CREATE TABLE {name}\n" if "table" in parts else f"CREATE OR REPLACE VIEW {name} AS"
    if not parts.get("table", parts.get("view", "")).startswith(made):
        raise ViewFileInvalid(name, f"its DDL must begin with {made.strip()!r}")
    purpose = " ".join(line.removeprefix("--").strip() for line in head.splitlines())
    return ViewFile(
        name=name,
        purpose=purpose.strip(),
        table=parts.get("table"),
        select=parts.get("select"),
        view=parts.get("view"),
    )


def load() -> list[ViewFile]:
    """The project's views: ``events`` first, then tables, then plain views over them."""
    folder = resources.files("services.projector") / "views"
    found = [
        parse(item.name.removesuffix(".sql"), item.read_text(encoding="utf-8"))
        for item in folder.iterdir()
        if item.name.endswith(".sql")
    ]
    return sorted(found, key=lambda f: (f.name != SOURCE, f.table is None, f.name))


def named(name: str, files: list[ViewFile]) -> ViewFile:
    """The view of that name; raises UnknownView."""
    for file in files:
        if file.name == name:
            return file
    raise UnknownView(name, [file.name for file in files])


def _without_comments(sql: str) -> str:
    return re.sub(r"^\s*--.*$", "", sql, flags=re.MULTILINE)
