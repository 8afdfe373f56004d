"""Filling a view from ``events``, and rebuilding one beside itself.

The new table is filled while its own feed already catches what comes in; then the tables
change places.  What came in while the feeds changed over is filled once more: keys make
that harmless.  A feed goes by the name of its table, so the old one ends before the tables
change places: none of its rows may get among the new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from services.backbone.errors import WarehouseFailed
from services.backbone.warehouse import Warehouse
from services.projector import fills
from services.projector.layout import Layout, OneServer
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
    layout: Layout | None = None,
    stands: Callable[[Range], None] | None = None,
) -> None:
    """``INSERT SELECT`` all events later than ``after`` into the target, in chunks.

    ``stands`` hears of each range once it stands there.
    """
    layout = layout or OneServer(warehouse.database)
    columns = [
        name
        for (name,) in warehouse.rows(
            "SELECT name FROM system.columns WHERE database = currentDatabase()"
            " AND table = {table:String} ORDER BY position",
            {"table": target},
        )
    ]
    upto = heads(warehouse)
    ranges = chunks(after or {}, upto, CHUNK_POSITIONS)
    total = sum(upto.values())
    shards = range(1, shards_of(warehouse, layout) + 1)
    done = total - sum(part.upto - part.after for part in ranges)
    for part in ranges:
        for shard in shards:
            statement = layout.fill(view, target, columns, shard)
            warehouse.command(statement, part._asdict(), patient=True)
        if stands:
            stands(part)
        done += part.upto - part.after
        filled(view.name, done, total)


def shards_of(warehouse: Warehouse, layout: Layout) -> int:
    """How many shards there are; raises WarehouseFailed, also when there is no such cluster."""
    question = layout.shards()
    if question is None:
        return 1
    ((shards,),) = warehouse.rows(question)
    if not shards:
        raise WarehouseFailed(None, "the server knows no cluster of this name")
    return int(shards)


def complete(warehouse: Warehouse) -> dict[str, int]:
    """Up to where each node surely stands in ``events``: what comes in is later than this.

    With several projectors the last position says nothing of those before it.
    """
    return dict(warehouse.rows("SELECT node, position FROM complete"))


class Rebuild(NamedTuple):
    """The statements of a rebuild; fills stand between them."""

    beside: tuple[str, ...]
    """A new table and its feed; it is filled after these."""
    change_over: tuple[str, ...]
    """The tables change places; what came in meanwhile is filled after these."""
    tidy: tuple[str, ...]


def statements(view: ViewFile, layout: Layout) -> Rebuild:
    """What a rebuild runs; raises ViewFileInvalid for a view without a select."""
    beside = f"{view.name}_next"
    # The projector sums levels up again when it next closes a day, or starts.
    levels = layout.empty("keyframes") if view.name == LEVELS_REST_ON else ()
    return Rebuild(
        (
            *layout.drop(f"{beside}_feed", is_view=True),
            *layout.drop(beside),
            *layout.create(view, beside),
            *layout.follow(view, beside),
        ),
        (
            *layout.drop(view.feed, is_view=True),
            *layout.exchange(view, beside),
            *layout.follow(view),
            *layout.drop(f"{beside}_feed", is_view=True),
        ),
        (*layout.drop(beside), *levels),
    )


def rebuild(
    warehouse: Warehouse,
    view: ViewFile,
    filled: Filled = ignored,
    *,
    layout: Layout | None = None,
) -> None:
    """Fill a new table beside the old, then let them change places.

    Readers see the old one until the new is complete.  One that was broken off while it filled
    goes on where it was; later than that, it begins again.  Raises WarehouseFailed, and
    ViewFileInvalid for a view without a select.
    """
    layout = layout or OneServer(warehouse.database)
    planned, beside = statements(view, layout), f"{view.name}_next"
    reached = fills.reached(warehouse, beside, view.digest)
    if reached is None:
        fills.forget(warehouse, layout)
        for statement in planned.beside:
            warehouse.command(statement, patient=True)
        fills.begin(warehouse, beside, view.digest)
    fill(
        warehouse, view, beside, filled,
        after=reached,
        layout=layout,
        stands=lambda part: fills.note(warehouse, beside, view.digest, part.node, part.upto),
    )  # fmt: skip
    # From here on the table beside is the old one: nobody may go on filling it.
    fills.forget(warehouse, layout)
    before = complete(warehouse)
    for statement in planned.change_over:
        warehouse.command(statement, patient=True)
    fill(warehouse, view, view.name, after=before, layout=layout)
    for statement in planned.tidy:
        warehouse.command(statement, patient=True)
