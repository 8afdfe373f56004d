"""The event store's log into all views, and how soon a block is seen.

Beside it what the engine does alone with the same bytes: blocks inserted into ``events`` with
two views, nothing read, counted, reported or checkpointed.  Rates are the best of three runs,
on both sides.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from eventsourcing.persistence import StoredEvent

from services.backbone.event_store import Commit, NodeHead
from services.backbone.log import Entry
from services.backbone.progress import Progress
from services.backbone.sqlite_store import SQLiteEventStore
from services.backbone.store_log import StoreLog
from services.backbone.warehouse import Warehouse, connect
from services.projector.migrations import apply
from services.projector.rebuild import rebuild
from services.projector.runner import Projector
from services.projector.view_files import load, named
from tests.bench.rows import Row
from tests.support.projecting import FILLED
from tests.support.records import province

RECORDS = 120_000
LIVE_BLOCKS = 100
LIVE_ROWS = 200
RUNS = 3
TWO_VIEWS = ("flows", "things")


def run() -> list[Row]:
    """Catching up, a live block, and a rebuild of every view."""
    entries = list(islice(province(1), RECORDS + LIVE_BLOCKS * LIVE_ROWS))
    size = sum(len(entry.body) for entry in entries[:RECORDS]) // RECORDS
    bare = {
        rows: max(_bare(entries[:RECORDS], rows) for _ in range(RUNS)) for rows in (10_000, 1_000)
    }
    bare_s = _middle(_bare_times(entries[:20_000], LIVE_ROWS))
    with _warehouse() as (folder, dsn, warehouse), _store(folder) as (store, log):
        _commit(store, entries[:RECORDS])
        caught_up, live_s, rebuilt = _ours(warehouse, dsn, store, log, entries)
    note = f"{size} bytes a record, all views, SQLite's log read, keyframes and checkpoints"
    return [
        Row("catch-up, blocks of 10,000", bare[10_000], caught_up[10_000], "ev/s", note),
        Row("catch-up, blocks of 1,000", bare[1_000], caught_up[1_000], "ev/s", ""),
        Row(
            f"a block of {LIVE_ROWS} appended → seen, p50",
            bare_s * 1000,
            _middle(live_s) * 1000,
            "ms",
            f"p95 {sorted(live_s)[int(len(live_s) * 0.95)] * 1000:.0f} ms",
        ),
        Row("rebuild of all views inside", None, rebuilt, "ev/s", "one after another"),
    ]


def _ours(
    warehouse: Warehouse,
    dsn: str,
    store: SQLiteEventStore,
    log: StoreLog,
    entries: Sequence[Entry],
) -> tuple[dict[int, float], list[float], float]:
    caught_up = {
        rows: max(_caught_up(warehouse, dsn, log, rows) for _ in range(RUNS))
        for rows in (1_000, 10_000)
    }
    again = connect(dsn)
    rebuilt = max(_rebuilt(again) for _ in range(RUNS))
    live_s = list(_live(again, store, log, entries[RECORDS:]))
    again.close()
    return caught_up, live_s, rebuilt


def _caught_up(warehouse: Warehouse, dsn: str, log: StoreLog, rows: int) -> float:
    """Events a second from an empty database to the end of the log."""
    warehouse.command(f"DROP DATABASE {warehouse.database} SYNC")
    with closing(connect(dsn)) as again:
        apply(again)
        began = time.perf_counter()
        Projector(again, log, Progress(), block_rows=rows).catch_up()
        return RECORDS / (time.perf_counter() - began)


def _rebuilt(warehouse: Warehouse) -> float:
    """Events a second through the rebuild of every view, one after another."""
    began = time.perf_counter()
    for name in FILLED:
        rebuild(warehouse, named(name, load()))
    return RECORDS / (time.perf_counter() - began)


def _live(
    warehouse: Warehouse, store: SQLiteEventStore, log: StoreLog, entries: Sequence[Entry]
) -> Iterator[float]:
    """Seconds from the commit of each block until every view shows it."""
    progress = Progress()
    projector = Projector(warehouse, log, progress)
    projector.start()
    while progress.snapshot().positions.get("main", 0) < RECORDS:
        progress.wait(progress.snapshot().generation, 60)
    for start in range(0, len(entries), LIVE_ROWS):
        block = entries[start : start + LIVE_ROWS]
        _commit(store, block)
        began = time.perf_counter()
        log.appended()
        while (applied := progress.snapshot()).positions["main"] < block[-1].position:
            progress.wait(applied.generation, 60)
        yield time.perf_counter() - began
        # Blocks of a live log come apart: the next one finds the projector at rest.
        time.sleep(max(0.0, 0.2 - (time.perf_counter() - began)))
    projector.stop()


def _bare(entries: Sequence[Entry], rows: int) -> float:
    return len(entries) / sum(_bare_times(entries, rows))


def _bare_times(entries: Sequence[Entry], rows: int) -> Iterator[float]:
    """Seconds of each insert of so many rows into ``events`` with two views."""
    with _warehouse() as (_, _, warehouse):
        files = load()
        warehouse.command(files[0].create())
        for name in TWO_VIEWS:
            warehouse.command(named(name, files).create())
            warehouse.command(named(name, files).follow())
        for start in range(0, len(entries), rows):
            block = b"\n".join(entry.body for entry in entries[start : start + rows])
            began = time.perf_counter()
            warehouse.insert_json("events", block)
            yield time.perf_counter() - began


def _middle(values: Iterator[float] | Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


@contextmanager
def _warehouse() -> Iterator[tuple[Path, str, Warehouse]]:
    with tempfile.TemporaryDirectory() as folder:
        dsn = f"chdb://{folder}/views"
        warehouse = connect(dsn)
        yield Path(folder), dsn, warehouse
        warehouse.close()


@contextmanager
def _store(folder: Path) -> Iterator[tuple[SQLiteEventStore, StoreLog]]:
    store = SQLiteEventStore(folder / "events.sqlite")
    yield store, StoreLog(store, lambda: datetime.now(UTC))
    store.close()


def _commit(store: SQLiteEventStore, entries: Sequence[Entry], rows: int = 1_000) -> None:
    for start in range(0, len(entries), rows):
        block = entries[start : start + rows]
        events = [
            StoredEvent(f"thing-{entry.position}", 1, "", b"{" + _after_position(entry.body))
            for entry in block
        ]
        head = NodeHead("main", block[-1].position, "2026-11-16T00:00:00Z", "")
        store.commit(Commit({"main": events}, [head], [], [], [], []))


def _after_position(body: bytes) -> bytes:
    """A log record without its node and position, as it was stored."""
    return body[body.index(b'"stream"') :]


if __name__ == "__main__":
    for row in run():
        print(row)
