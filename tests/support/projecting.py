"""Taking entries into a warehouse, for tests of what stands there afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.backbone.log import Complete, Entry
from services.backbone.progress import Progress
from services.backbone.warehouse import Warehouse
from services.projector.checkpoints import Checkpointer
from services.projector.extent import Extent
from services.projector.holes import Holes
from services.projector.runner import Projector
from tests.support.memory_log import MemoryLog

FILLED = ("arrivals", "flows", "histories", "links", "states", "things")
"""What is made from ``events``."""
TABLES = ("events", *FILLED, "keyframes", "checkpoints", "fills", "refeeds", "set_aside")


def project(warehouse: Warehouse, entries: Iterable[Entry], *, block_rows: int = 10_000) -> None:
    """Take in all entries as the projector does, closed days and the checkpoint included."""
    Projector(warehouse, MemoryLog(entries), Progress(), block_rows=block_rows).catch_up()


def insert(warehouse: Warehouse, entries: Iterable[Entry]) -> None:
    """Insert one block, as it is before anything else is known of it."""
    warehouse.insert_json("events", b"\n".join(entry.body for entry in entries))


def checkpoint(warehouse: Warehouse, node: str, position: int, received_at: datetime) -> None:
    """Say of a node with a partition of its own that it stands up to there."""
    extent = Extent({node: position}, {(node, node): Complete(position, received_at)})
    checkpointer = Checkpointer(warehouse)
    checkpointer.begin("memory", Extent(), {})
    checkpointer.write(0.0, extent, Holes())


def contents(warehouse: Warehouse, table: str) -> list[tuple[object, ...]]:
    """All rows of a table, each once."""
    return sorted(warehouse.rows(f"SELECT * FROM {table} FINAL"), key=repr)  # noqa: S608 -- names above


def empty(warehouse: Warehouse) -> None:
    """Leave the views standing and nothing in them."""
    for table in TABLES:
        warehouse.command(f"TRUNCATE TABLE {table}")


def parts_of(warehouse: Warehouse, table: str) -> int:
    """How many parts a table has."""
    ((parts,),) = warehouse.rows(
        "SELECT count() FROM system.parts WHERE active AND database = currentDatabase()"
        " AND table = {table:String}",
        {"table": table},
    )
    return int(parts)
