"""What must happen so that the warehouse holds what the files of views/ say.

``steps`` is the plan, ``apply`` carries it out.  A new view is made and filled from
``events``, a changed one is rebuilt beside the old, a plain view is replaced, and what the
projector itself writes is made again from nothing.  When the form of ``events`` itself
changes, all goes and the projector reads the log again.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Literal, NamedTuple

from services.backbone.warehouse import Warehouse
from services.projector.rebuild import Filled, fill, ignored, rebuild, statements
from services.projector.view_files import SOURCE, ViewFile, load, named

RECORD = "migrations"
_RECORDED = (
    "INSERT INTO migrations (name, digest, applied_at)"
    " VALUES ({name:String}, {digest:String}, now64(6, 'UTC'))"
)

Action = Literal["reset", "create", "recreate", "follow", "replace", "rebuild"]


class Standing(NamedTuple):
    """What stands in the warehouse."""

    tables: frozenset[str]
    digests: Mapping[str, str]


class Step(NamedTuple):
    """One thing to do; ``statements`` is the SQL, but for the ranges of a fill."""

    view: ViewFile
    action: Action
    statements: tuple[str, ...]

    @property
    def fills(self) -> bool:
        """Whether the view is filled from ``events`` on the way."""
        return self.view.select is not None and self.action != "reset"


def standing(warehouse: Warehouse) -> Standing:
    """Ask the warehouse what it holds."""
    tables = frozenset(
        name
        for (name,) in warehouse.rows(
            "SELECT name FROM system.tables WHERE database = currentDatabase()"
        )
    )
    if RECORD not in tables:
        return Standing(tables, {})
    rows = warehouse.rows("SELECT name, digest FROM migrations FINAL")
    return Standing(tables, dict(rows))


def state_of(file: ViewFile, held: Standing) -> Literal["applied", "changed", "missing"]:
    """How one view stands."""
    if file.name not in held.tables or file.name not in held.digests:
        return "missing"
    return "applied" if held.digests[file.name] == file.digest else "changed"


def steps(files: list[ViewFile], held: Standing) -> list[Step]:
    """The plan, in order; empty when nothing needs to be done."""
    planned: list[Step] = []
    for file in files:
        state = state_of(file, held)
        if file.name == SOURCE and state == "changed":
            planned.append(reset_step(files, held))
            held = Standing(frozenset({RECORD}), {})
            state = "missing"
        step = _step(file, state, held)
        if step:
            planned.append(step)
    return planned


def _step(file: ViewFile, state: str, held: Standing) -> Step | None:
    if file.view is not None:
        return None if state == "applied" else Step(file, "replace", (file.view,))
    follows = (file.follow(),) if file.select else ()
    if state == "missing":
        return Step(file, "create", (file.create(), *follows))
    if state == "changed" and file.select is None:
        return Step(file, "recreate", (f"DROP TABLE {file.name} SYNC", file.create()))
    if state == "changed":
        return Step(file, "rebuild", tuple(chain(*statements(file))))
    if file.select and file.feed not in held.tables:
        return Step(file, "follow", follows)
    return None


def reset_step(files: list[ViewFile], held: Standing) -> Step:
    """Let go of ``events`` and all that is made from it; the log is then read from its start."""
    return Step(named(SOURCE, files), "reset", _drops(files, held))


def _drops(files: list[ViewFile], held: Standing) -> tuple[str, ...]:
    """Feeds first, so that no insert meets a half of the views."""
    feeds = [f.feed for f in files if f.select and f.feed in held.tables]
    tables = [f.name for f in reversed(files) if f.name in held.tables and f.name != RECORD]
    plain = {f.name for f in files if f.view is not None}
    return tuple(
        f"DROP {'VIEW' if name in feeds or name in plain else 'TABLE'} IF EXISTS {name} SYNC"
        for name in (*feeds, *tables)
    )


def apply(warehouse: Warehouse, filled: Filled = ignored) -> list[Step]:
    """Carry out the plan; can be broken off and begun again at any point.

    ``filled`` hears of the progress of fills.  Raises WarehouseFailed.
    """
    files = load()
    record = next(file for file in files if file.name == RECORD)
    warehouse.command(record.create())
    done = steps(files, standing(warehouse))
    for step in done:
        carry_out(warehouse, step, filled)
    return done


def carry_out(warehouse: Warehouse, step: Step, filled: Filled = ignored) -> None:
    """Do one step of a plan.  Raises WarehouseFailed."""
    if step.action == "rebuild":
        rebuild(warehouse, step.view, filled)
    else:
        for statement in step.statements:
            warehouse.command(statement)
        if step.action == "reset":
            return
        if step.fills:
            fill(warehouse, step.view, step.view.name, filled)
    warehouse.command(_RECORDED, {"name": step.view.name, "digest": step.view.digest})
