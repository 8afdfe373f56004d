"""``yiping views list | plan | apply | rebuild NAME | check``: one function for each.

Each prints for people, shows a progress bar on standard error where it takes long, and
answers the exit code.  ``dsn`` names the warehouse; an embedded one must not be served by
another process meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from services.backbone.log import Entry, Log
from services.backbone.progress import Progress
from services.backbone.warehouse import Warehouse, connect
from services.projector.check import check
from services.projector.errors import UnknownView
from services.projector.migrations import (
    Step,
    apply,
    carry_out,
    reset_step,
    standing,
    state_of,
    steps,
)
from services.projector.rebuild import rebuild
from services.projector.runner import Projector
from services.projector.view_files import SOURCE, load, named

WIDTH_IN_FILES = 200

_SIZES = """
SELECT name, total_rows, formatReadableSize(total_bytes) FROM system.tables
WHERE database = currentDatabase() AND total_rows IS NOT NULL
"""


def list_views(dsn: str) -> int:
    """Every view: how it stands, how large it is, what it is for."""
    with closing(connect(dsn)) as warehouse:
        held = standing(warehouse)
        sizes = {name: (rows, size) for name, rows, size in warehouse.rows(_SIZES)}
    table = Table("view", "stands", "rows", "size", "what it is", box=None)
    for file in load():
        rows, size = sizes.get(file.name, ("", ""))
        table.add_row(file.name, state_of(file, held), str(rows), size, file.summary)
    Console(width=None if sys.stdout.isatty() else WIDTH_IN_FILES).print(table)
    return 0


def plan_views(dsn: str) -> int:
    """The SQL that ``apply`` would run; nothing when all views stand as their files say."""
    with closing(connect(dsn)) as warehouse:
        planned = steps(load(), standing(warehouse))
    for step in planned:
        filled = f", filled by its select from {SOURCE}" if step.fills else ""
        print(f"-- {step.action} {step.view.name}{filled}")
        for statement in step.statements:
            print(f"{statement};\n")
    print(f"{len(planned)} steps", file=sys.stderr)
    return 0


def apply_views(dsn: str) -> int:
    """Make the views stand as their files say."""
    with closing(connect(dsn)) as warehouse, _bars() as bars:
        done = apply(warehouse, bars.filled)
    _report(done)
    return 0


def rebuild_view(dsn: str, name: str, log: Log) -> int:
    """Make a view again from ``events``, or ``events`` and everything else from the log.

    Raises UnknownView.
    """
    file = named(name, load())
    with closing(connect(dsn)) as warehouse, _bars() as bars:
        apply(warehouse, bars.filled)
        if name == SOURCE:
            carry_out(warehouse, reset_step(load(), standing(warehouse)))
        elif file.view is not None:
            warehouse.command(file.view)
        elif file.select is not None:
            rebuild(warehouse, file, bars.filled)
        elif name != "keyframes":
            raise UnknownView(name, [f.name for f in load() if f.select])
        if name == "keyframes":
            warehouse.command("TRUNCATE TABLE keyframes SYNC")
        catch_up(warehouse, log)
    return 0


def check_views(dsn: str, log: Log, total: int, folder: Path | None = None) -> int:
    """Compare every view with a fold of the facts on the log; 1 when anything differs.

    ``total`` is about how many records the log has, ``folder`` takes the records sorted by
    stream for a while.  An embedded warehouse first takes in what it has not yet seen of the
    log, as it does at every start.
    """
    with closing(connect(dsn)) as warehouse, _bars() as bars:
        if dsn.startswith("chdb:"):
            catch_up(warehouse, log)
        findings = check(
            warehouse,
            entries_of(log),
            total=total,
            folder=folder,
            advanced=lambda phase, done: bars.advanced(phase, done, total),
        )
    for finding in findings.listed:
        print(f"{finding.view}: {finding.key}: expected {finding.expected}, found {finding.found}")
    if findings.count > len(findings.listed):
        print(f"… and {findings.count - len(findings.listed)} more")
    print(f"{total} records, {findings.count} differences", file=sys.stderr)
    return 1 if findings.count else 0


def catch_up(warehouse: Warehouse, log: Log) -> None:
    """Take in all that stands on the log, closed days included."""
    Projector(warehouse, log, Progress()).catch_up()


def entries_of(log: Log, page: int = 10_000) -> Iterator[Entry]:
    """Every entry of every node, node by node."""
    after: dict[str, int] = {}
    while portion := log.read(after, page):
        yield from portion.entries
        after[portion.partition] = portion.after


class _Progress:
    """Bars that appear as their work begins."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def filled(self, view: str, done: int, total: int) -> None:
        """Show how much of a view is filled."""
        self._bars.update(self._task(view, total), completed=done)

    def advanced(self, phase: str, done: int, total: int) -> None:
        """Show that a phase came further."""
        self._bars.advance(self._task(phase, total), done)

    def _task(self, name: str, total: int) -> TaskID:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total)
        return self._tasks[name]


@contextmanager
def _bars() -> Iterator[_Progress]:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Bars(*columns, console=Console(stderr=True)) as bars:
        yield _Progress(bars)


def _report(done: list[Step]) -> None:
    for step in done:
        print(f"{step.action} {step.view.name}")
    print(f"{len(done)} steps", file=sys.stderr)
