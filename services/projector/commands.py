"""``yiping views list | plan | apply | unlock | rebuild NAME | check``: one function for each.

Each prints for people, shows a progress bar on standard error where it takes long, and
answers the exit code.  ``dsn`` names the warehouse; an embedded one must not be served by
another process meanwhile.  ``cluster`` is ClickHouse's own name of its cluster, or empty.
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
from services.backbone.warehouse import Warehouse, connect, make_database
from services.projector import checkpoints
from services.projector.check import check
from services.projector.cluster_ddl import layout_of
from services.projector.errors import UnknownView
from services.projector.keyframes import Keyframes
from services.projector.layout import Layout
from services.projector.lock import break_lock, held, holder_of
from services.projector.migrations import (
    Step,
    apply,
    carry_out,
    pending,
    reset_step,
    standing,
    state_of,
)
from services.projector.rebuild import Filled, rebuild
from services.projector.refeed import refeed
from services.projector.runner import Projector
from services.projector.view_files import SOURCE, ViewFile, load, named

WIDTH_IN_FILES = 200

_SIZES = """
SELECT name, total_rows, formatReadableSize(total_bytes) FROM system.tables
WHERE database = currentDatabase() AND total_rows IS NOT NULL
"""


def list_views(dsn: str) -> int:
    """Every view: how it stands, how large it is, what it is for."""
    with closing(connect(dsn)) as warehouse:
        stands = standing(warehouse)
        sizes = {name: (rows, size) for name, rows, size in warehouse.rows(_SIZES)}
    table = Table("view", "stands", "rows", "size", "what it is", box=None)
    for file in load():
        rows, size = sizes.get(file.name, ("", ""))
        table.add_row(file.name, state_of(file, stands), str(rows), size, file.summary)
    Console(width=None if sys.stdout.isatty() else WIDTH_IN_FILES).print(table)
    return 0


def plan_views(dsn: str, cluster: str = "") -> int:
    """The SQL that ``apply`` would run; nothing when all views stand as their files say."""
    with closing(connect(dsn)) as warehouse:
        planned = pending(warehouse, cluster)
    for step in planned:
        filled = f", filled by its select from {SOURCE}" if step.fills else ""
        print(f"-- {step.action} {step.view.name}{filled}")
        for statement in step.statements:
            print(f"{statement};\n")
    print(f"{len(planned)} steps", file=sys.stderr)
    return 0


def apply_views(dsn: str, cluster: str = "") -> int:
    """Make the views, and on a server their database, stand as the files say.

    Raises ViewsHeld when another job is at it.
    """
    make_database(dsn, cluster)
    with closing(connect(dsn)) as warehouse, _bars() as bars:
        done = apply(warehouse, bars.filled, cluster=cluster)
    _report(done)
    return 0


def unlock_views(dsn: str, cluster: str = "") -> int:
    """Take the lock from a job that is gone, and say whose it was."""
    with closing(connect(dsn)) as warehouse:
        holder = holder_of(warehouse, cluster)
        if holder is not None:
            break_lock(warehouse, cluster)
    print(f"taken from {holder}" if holder else "nobody holds the lock")
    return 0


def rebuild_view(dsn: str, name: str, log: Log, cluster: str = "") -> int:
    """Make a view again from ``events``, or ``events`` and everything else from the log.

    ``log`` is the event store's own.  On a server its projectors go on meanwhile, but must rest
    while ``events`` itself is made again.  Raises UnknownView, and ViewsHeld when another job
    is at it.
    """
    file = named(name, load())
    with closing(connect(dsn)) as warehouse, _bars() as bars:
        apply(warehouse, bars.filled, cluster=cluster)
        with held(warehouse, cluster):
            _rebuild(warehouse, file, layout_of(cluster, warehouse.database), bars.filled)
        if not warehouse.shared:
            catch_up(warehouse, log)
        elif name == SOURCE:
            apply(warehouse, bars.filled, cluster=cluster)
            refeed(warehouse, log, bars.fed)
        _close_days(warehouse)
    return 0


def refeed_views(dsn: str, log: Log) -> int:
    """Feed ``events`` again from the event store's own log, where a part of Kafka's was gone.

    Feeds what follows each node's complete position; projectors may go on meanwhile, and take
    notice within seconds.  In a cluster of several event stores each needs its own run.
    """
    with closing(connect(dsn)) as warehouse, _bars() as bars:
        done = refeed(warehouse, log, bars.fed)
        _close_days(warehouse)
    mended = ", ".join(sorted(done.holes))
    print(
        f"{done.records} records, {done.set_aside} set aside, holes mended in: {mended or 'none'}",
        file=sys.stderr,
    )
    return 0


def _close_days(warehouse: Warehouse) -> None:
    """Write the keyframes of days that are closed by now."""
    complete = checkpoints.complete(warehouse)
    Keyframes(warehouse).close({node: at.received_at for node, at in complete.items()})


def _rebuild(warehouse: Warehouse, file: ViewFile, layout: Layout, filled: Filled) -> None:
    if file.name == SOURCE:
        carry_out(warehouse, reset_step(load(), standing(warehouse), layout))
    elif file.select is not None:
        rebuild(warehouse, file, filled, layout=layout)
    elif file.view is not None or file.name == "keyframes":
        for statement in layout.view(file) if file.view else layout.empty(file.name):
            warehouse.command(statement, patient=True)
    else:
        raise UnknownView(file.name, [f.name for f in load() if f.select])


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

    def fed(self, done: int, total: int) -> None:
        """Show how much was fed again."""
        self.filled("events", done, total)

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
