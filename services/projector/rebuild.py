"""Filling a view from ``events``, and rebuilding one beside itself.

The new table is filled while its own feed already catches what comes in; then the tables
change places.  What came in while the feeds changed over is filled once more: keys make
that harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from services.backbone.warehouse import Warehouse
from services.projector.view_files import ViewFile

CHUNK_POSITIONS = 200_000
LEVELS_REST_ON = "flows"

Filled = Callable[[str, int, int], None]
"""Hears (view, positions done, positions in all)."""


def ignored(view: str, done: int, total: int) -> None:
    """For callers that show no progress."""


class Range(NamedTuple):
    """Positions of a node: later than ``after``, up to ``upto``."""

    node: str
    after: int
    upto: int


def heads(warehouse: Warehouse) -> dict[str, int]:
    """The last position of each node in ``events``."""
    return dict(warehouse.rows("SELECT node, max(position) FROM events GROUP BY node"))


def chunks(after: Mapping[str, int], upto: Mapping[str, int], size: int) -> list[Range]:
    """Ranges of at most ``size`` positions that cover each node from ``after`` to ``upto``."""
    return [
        Range(node, start, min(start + size, last))
        for node, last in sorted(upto.items())
        for start in range(after.get(node, 0), last, size)
    ]


def fill(
    warehouse: Warehouse,
    view: ViewFile,
    target: str,
    filled: Filled = ignored,
    *,
    after: Mapping[str, int] | None = None,
) -> None:
    """``INSERT SELECT`` all events later than ``after`` into the target, in chunks."""
    columns = [
        name
        for (name,) in warehouse.rows(
            "SELECT name FROM system.columns WHERE database = currentDatabase()"
            " AND table = {table:String} ORDER BY position",
            {"table": target},
        )
    ]
    ranges = chunks(after or {}, heads(warehouse), CHUNK_POSITIONS)
    total = sum(part.upto - part.after for part in ranges)
    done = 0
    for part in ranges:
        warehouse.command(view.fill(target, columns, warehouse.database), part._asdict())
        done += part.upto - part.after
        filled(view.name, done, total)


class Rebuild(NamedTuple):
    """The statements of a rebuild; fills stand between them."""

    beside: tuple[str, ...]
    """A new table and its feed; it is filled after these."""
    change_over: tuple[str, ...]
    """The tables change places; what came in meanwhile is filled after these."""
    tidy: tuple[str, ...]


def statements(view: ViewFile) -> Rebuild:
    """What a rebuild runs; raises ViewFileInvalid for a view without a select."""
    name, beside = view.name, f"{view.name}_next"
    # The projector sums levels up again when it next closes a day, or starts.
    levels = ("TRUNCATE TABLE IF EXISTS keyframes SYNC",) if name == LEVELS_REST_ON else ()
    return Rebuild(
        (
            f"DROP VIEW IF EXISTS {beside}_feed SYNC",
            f"DROP TABLE IF EXISTS {beside} SYNC",
            view.create(beside),
            view.follow(beside),
        ),
        (
            f"EXCHANGE TABLES {name} AND {beside}",
            f"DROP VIEW IF EXISTS {view.feed} SYNC",
            f"DROP VIEW IF EXISTS {beside}_feed SYNC",
            view.follow(),
        ),
        (f"DROP TABLE IF EXISTS {beside} SYNC", *levels),
    )


def rebuild(warehouse: Warehouse, view: ViewFile, filled: Filled = ignored) -> None:
    """Fill a new table beside the old, then let them change places.

    Readers see the old one until the new is complete.  Can be broken off and begun again.
    Raises WarehouseFailed, and ViewFileInvalid for a view without a select.
    """
    planned = statements(view)
    for statement in planned.beside:
        warehouse.command(statement)
    fill(warehouse, view, f"{view.name}_next", filled)
    before = heads(warehouse)
    for statement in planned.change_over:
        warehouse.command(statement)
    fill(warehouse, view, view.name, filled, after=before)
    for statement in planned.tidy:
        warehouse.command(statement)
