"""The warehouse over HTTP beside the same engine in the process: blocks in, answers out.

Over HTTP the stand-in of tests/support/clickhouse works on the same cores.  Rates are the best
of three runs, on both sides.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

from services.backbone.warehouse import Warehouse, connect, make_database
from services.projector.migrations import apply
from tests.bench.rows import Row
from tests.support.clickhouse import ClickHouse
from tests.support.projecting import empty
from tests.support.records import province

RECORDS = 60_000
LIVE_ROWS = 200
RUNS = 3
READS = 400
AT_ONCE = 50
READ = "SELECT element, status, sum(delta) FROM flows FINAL WHERE day = {day:Date} GROUP BY ALL"


def run() -> list[Row]:
    """Blocks of the log into all views, small blocks, and many readers at once."""
    bodies = [entry.body for entry in islice(province(1), RECORDS)]
    with _in_process() as inside, _over_http() as outside:
        rows = [_blocks(bodies, size, inside, outside) for size in (10_000, 1_000)]
        rows.append(_small(bodies, inside, outside))
        rows.append(_reads(inside, outside))
    return rows


def _blocks(bodies: list[bytes], size: int, inside: Warehouse, outside: Warehouse) -> Row:
    blocks = [b"\n".join(bodies[at : at + size]) for at in range(0, len(bodies), size)]
    limit, ours = (
        max(RECORDS / sum(_inserted(each, blocks)) for _ in range(RUNS))
        for each in (inside, outside)
    )
    return Row(f"blocks of {size:,} into all views", limit, ours, "ev/s", "limit: in the process")


def _small(bodies: list[bytes], inside: Warehouse, outside: Warehouse) -> Row:
    blocks = [b"\n".join(bodies[at : at + LIVE_ROWS]) for at in range(0, 20_000, LIVE_ROWS)]
    limit, ours = (sorted(_inserted(each, blocks)) for each in (inside, outside))
    middle = len(blocks) // 2
    note = f"p95 {ours[int(len(ours) * 0.95)] * 1000:.0f} ms"
    return Row(
        f"a block of {LIVE_ROWS}, p50", limit[middle] * 1000, ours[middle] * 1000, "ms", note
    )


def _reads(inside: Warehouse, outside: Warehouse) -> Row:
    limit, ours = (max(_read(each) for _ in range(RUNS)) for each in (inside, outside))
    return Row(
        f"reads, {AT_ONCE} at once on one client", limit, ours, "1/s",
        "in the process one client takes one at a time",
    )  # fmt: skip


def _inserted(warehouse: Warehouse, blocks: list[bytes]) -> Iterator[float]:
    """Seconds of each insert into empty views."""
    empty(warehouse)
    for block in blocks:
        began = time.perf_counter()
        warehouse.insert_json("events", block)
        yield time.perf_counter() - began


def _read(warehouse: Warehouse) -> float:
    """Reads a second."""
    ((day,),) = warehouse.rows("SELECT max(day) FROM flows")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        began = time.perf_counter()
        for _ in pool.map(lambda _: warehouse.rows(READ, {"day": day}), range(READS)):
            pass
        return READS / (time.perf_counter() - began)


@contextmanager
def _in_process() -> Iterator[Warehouse]:
    with (
        tempfile.TemporaryDirectory() as folder,
        connect(f"chdb://{folder}/views") as warehouse,
    ):
        apply(warehouse)
        yield warehouse


@contextmanager
def _over_http() -> Iterator[Warehouse]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(ClickHouse(folder / "data"))
        make_database(server.dsn())
        warehouse = stack.enter_context(connect(server.dsn()))
        apply(warehouse)
        yield warehouse


if __name__ == "__main__":
    for row in run():
        print(row)
