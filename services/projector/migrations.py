"""What must happen so that the warehouse holds what the files of views/ say.

``steps`` is the plan, ``apply`` carries it out.  A new view is made and filled from
``events``, a changed one is rebuilt beside the old, a plain view is replaced, and what the
projector itself writes is made again from nothing.  When the form of ``events`` itself
changes, all goes and the projector reads the log again.

On a server one job applies at a time (see ``lock``); whoever only reads or inserts asks
``pending`` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Literal, NamedTuple

from services.backbone.warehouse import Warehouse
from services.projector import fills
from services.projector.cluster_ddl import layout_of
from services.projector.layout import Layout, OneServer
from services.projector.lock import held as held_lock
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


def steps(files: list[ViewFile], held: Standing, layout: Layout | None = None) -> list[Step]:
    """The plan, in order; empty when nothing needs to be done.  Raises LayoutMismatch."""
    layout = layout or OneServer("")
    layout.prove(files, held.tables)
    planned: list[Step] = []
    for file in files:
        state = state_of(file, held)
        if file.name == SOURCE and state == "changed":
            planned.append(reset_step(files, held, layout))
            held = Standing(frozenset({RECORD}), {})
            state = "missing"
        step = _step(file, state, held, layout)
        if step:
            planned.append(step)
    return planned


def _step(file: ViewFile, state: str, held: Standing, layout: Layout) -> Step | None:
    if file.view is not None:
        return None if state == "applied" else Step(file, "replace", layout.view(file))
    follows = layout.follow(file) if file.select else ()
    if state == "missing":
        return Step(file, "create", (*layout.create(file), *follows))
    if state == "changed" and file.select is None:
        return Step(file, "recreate", (*layout.drop(file.name), *layout.create(file)))
    if state == "changed":
        return Step(file, "rebuild", tuple(chain(*statements(file, layout))))
    if file.select and file.feed not in held.tables:
        return Step(file, "follow", follows)
    return None


def reset_step(files: list[ViewFile], held: Standing, layout: Layout | None = None) -> Step:
    """Let go of ``events`` and all that is made from it; the log is then read from its start."""
    return Step(named(SOURCE, files), "reset", _drops(files, held, layout or OneServer("")))


def _drops(files: list[ViewFile], held: Standing, layout: Layout) -> tuple[str, ...]:
    """Feeds first, so that no insert meets a half of the views."""
    feeds = [f.feed for f in files if f.select and f.feed in held.tables]
    tables = [f.name for f in reversed(files) if f.name in held.tables and f.name != RECORD]
    plain = {f.name for f in files if f.view is not None}
    return tuple(
        statement
        for name in (*feeds, *tables)
        for statement in layout.drop(name, is_view=name in feeds or name in plain)
    )


def pending(warehouse: Warehouse, cluster: str = "") -> list[Step]:
    """What an ``apply`` would do now; empty when all stands.  Changes nothing.

    Raises WarehouseFailed and LayoutMismatch.
    """
    layout = layout_of(cluster, warehouse.database)
    return steps(load(), standing(warehouse), layout)


def apply(warehouse: Warehouse, filled: Filled = ignored, *, cluster: str = "") -> list[Step]:
    """Carry out the plan; can be broken off and begun again at any point.

    ``filled`` hears of the progress of fills.  Raises WarehouseFailed, LayoutMismatch, and
    ViewsHeld when another job is at it.
    """
    if not pending(warehouse, cluster):
        return []
    layout = layout_of(cluster, warehouse.database)
    with held_lock(warehouse, cluster):
        for record in (RECORD, fills.RECORD):
            for statement in layout.create(named(record, load())):
                warehouse.command(statement, patient=True)
        done = pending(warehouse, cluster)
        for step in done:
            carry_out(warehouse, step, filled, layout=layout)
    return done


def carry_out(
    warehouse: Warehouse, step: Step, filled: Filled = ignored, *, layout: Layout | None = None
) -> None:
    """Do one step of a plan.  Raises WarehouseFailed."""
    if step.action == "rebuild":
        rebuild(warehouse, step.view, filled, layout=layout)
    else:
        for statement in step.statements:
            warehouse.command(statement, patient=True)
        if step.action == "reset":
            return
        if step.fills:
            fill(warehouse, step.view, step.view.name, filled, layout=layout)
    warehouse.command(_RECORDED, {"name": step.view.name, "digest": step.view.digest})
