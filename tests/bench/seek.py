"""Any moment of a panel, of the province or of a county, among a million changes and a hundred.

Ours is the panel's own read: keyframe and flows to the levels of every organisation below,
the trend of the day before, and when each source was heard.  Beside it the sum alone that no
reader can do without: one keyframe and one day's flows, by element, city and status.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from schemas.elements import ELEMENTS
from services.backbone.progress import Progress
from services.backbone.warehouse import Warehouse, connect
from services.dashboard_api.moment import Moments
from services.dashboard_api.readers import Readers
from services.dashboard_api.reads import Reads
from services.projector.keyframes import Keyframes
from services.projector.migrations import apply
from tests.bench.apart import apart
from tests.bench.as_served import as_served
from tests.bench.disk import hold, let_go
from tests.bench.rows import Row
from tests.bench.settling import settled
from tests.support.records import START, province

CHANGES = 1_000_000
MANY_CHANGES = 100_000_000
DAYS_AT_ONCE = 25
PER_DAY = 80_000
SEEKS = 60
PROVINCE = "350000000000"
COUNTY = "350203000000"

_NEXT_DAY = """
INSERT INTO events
SELECT * REPLACE (
    position + {records:UInt64} * {day:UInt32} AS position,
    concat(stream, '-', toString({day:UInt32})) AS stream,
    concat(subject, '-', toString({day:UInt32})) AS subject,
    occurred_at + INTERVAL {day:UInt32} DAY AS occurred_at,
    recorded_at + INTERVAL {day:UInt32} DAY AS recorded_at,
    received_at + INTERVAL {day:UInt32} DAY AS received_at
)
FROM (SELECT * FROM events WHERE position <= {records:UInt64})
"""
_MORE_FLOWS = """
INSERT INTO flows
SELECT * REPLACE (
    day + later AS day, position + {records:UInt64} * later AS position,
    received_at + toIntervalDay(later) AS received_at,
    occurred_at + toIntervalDay(later) AS occurred_at
)
FROM (SELECT * FROM flows WHERE position <= {records:UInt64}) AS flows
ARRAY JOIN {days:Array(UInt32)} AS later
"""
_MORE_ARRIVALS = """
INSERT INTO arrivals
SELECT * REPLACE (
    position + {records:UInt64} * later AS position,
    received_at + toIntervalDay(later) AS received_at,
    occurred_at + toIntervalDay(later) AS occurred_at,
    recorded_at + toIntervalDay(later) AS recorded_at
)
FROM (SELECT * FROM arrivals WHERE position <= {records:UInt64}) AS arrivals
ARRAY JOIN {days:Array(UInt32)} AS later
"""
_SUM = """
SELECT element, substring(org, 1, 4) AS city, status, sum(level) FROM (
    SELECT element, org, status, level FROM keyframes FINAL
    WHERE day = toDate({moment:DateTime64(6, 'UTC')}) AND element != ''
    UNION ALL
    SELECT element, org, status, toInt64(delta) FROM flows FINAL
    WHERE day = toDate({moment:DateTime64(6, 'UTC')})
      AND received_at <= {moment:DateTime64(6, 'UTC')}
)
GROUP BY element, city, status
"""


def run() -> list[Row]:
    """Seeks at random moments, among few changes and many, and without keyframes."""
    with tempfile.TemporaryDirectory() as folder:
        dsn = f"chdb://{folder}/views"
        records, days = apart(filled, dsn)
        rows = _measured(dsn, Path(folder))
        apart(filled_on, dsn, records, days)
        rows += _measured(dsn, Path(folder))
        with connect(dsn) as warehouse:
            warehouse.command("TRUNCATE TABLE keyframes")
            with _reads(dsn, warehouse) as (reads, last):
                times = _times_ms(_panel(reads, []), _moments(last)[:5])
        rows.append(Row("… without keyframes, p50", None, times[2], "ms", ""))
    return rows


def filled(dsn: str) -> tuple[int, int]:
    """A warehouse with a million changes: the records of a day of it, and its days."""
    with connect(dsn) as warehouse:
        apply(warehouse)
        return _filled(warehouse)


def filled_on(dsn: str, records: int, days: int) -> None:
    """A warehouse of such days with a hundred million changes.

    Each month lies in one part, as the engine puts those together that ended a day ago.
    """
    with connect(dsn) as warehouse:
        _fill_on(warehouse, records, days)
        for table in ("flows", "arrivals"):
            warehouse.command(f"OPTIMIZE TABLE {table} FINAL", patient=True)
        settled(warehouse)


def _filled(warehouse: Warehouse) -> tuple[int, int]:
    """A day of a province, repeated until there are enough changes: its records, the days."""
    day = list(islice(province(1, per_day=PER_DAY), PER_DAY - 2_000))
    for start in range(0, len(day), 10_000):
        warehouse.insert_json("events", b"\n".join(e.body for e in day[start : start + 10_000]))
    number = 0
    while (changes := _changes(warehouse)) < CHANGES:
        number += 1
        warehouse.command(_NEXT_DAY, {"records": len(day), "day": number})
        if changes == _changes(warehouse):
            raise RuntimeError("a day more has brought no change more")
    _close_days(warehouse)
    return len(day), number


def _fill_on(warehouse: Warehouse, records: int, number: int) -> None:
    """The same day again and again, only into the tables that a panel reads."""
    a_day = _changes(warehouse) // (number + 1)
    last = MANY_CHANGES // a_day
    for first in range(number + 1, last + 1, DAYS_AT_ONCE):
        days = list(range(first, min(first + DAYS_AT_ONCE, last + 1)))
        for statement in (_MORE_FLOWS, _MORE_ARRIVALS):
            warehouse.command(statement, {"records": records, "days": days}, patient=True)
    _close_days(warehouse)


def _close_days(warehouse: Warehouse) -> None:
    ((last,),) = warehouse.rows("SELECT max(received_at) FROM arrivals")
    Keyframes(warehouse).close({"main": last})


def _changes(warehouse: Warehouse) -> int:
    ((changes,),) = warehouse.rows("SELECT countIf(delta = 1) FROM flows")
    return int(changes)


def _measured(dsn: str, folder: Path) -> list[Row]:
    with connect(dsn) as warehouse:
        settled(warehouse)
        with _reads(dsn, warehouse) as (reads, last):
            return list(_rows(warehouse, reads, last, folder))


def _moments(last: datetime, seed: int = 7) -> list[datetime]:
    made = random.Random(seed)
    span_s = (last - START).total_seconds()
    return [START + timedelta(seconds=made.uniform(86_400, span_s)) for _ in range(SEEKS)]


def _panel(
    reads: Reads, senders: list[str], org: str = PROVINCE, elements: tuple[str, ...] = ("person",)
) -> Callable[[datetime], Awaitable[object]]:
    return lambda moment: reads.counted(moment, senders=senders, elements=elements, org=org)


def _rows(warehouse: Warehouse, reads: Reads, last: datetime, folder: Path) -> Iterator[Row]:
    async def bare(moment: datetime) -> None:
        await asyncio.to_thread(warehouse.rows, _SUM, {"moment": moment})

    moments = _moments(last)
    senders = [sender for sender, _ in as_served(reads.first_heard())]
    changes = _changes(warehouse)
    note = f"{changes:,} changes in {(last - START).days} days"
    hold(folder)
    limit = _times_ms(bare, moments)
    panels = {
        "one panel, province": _panel(reads, senders),
        "one panel, county": _panel(reads, [COUNTY], COUNTY),
        "all six panels, province": _panel(reads, senders, elements=tuple(ELEMENTS)),
    }
    p95 = SEEKS * 95 // 100
    among = f"among {changes / 1e6:.0f} M changes"
    for name, seek in panels.items():
        ours = _times_ms(seek, moments)
        yield Row(f"{name}, {among}, p50", limit[SEEKS // 2], ours[SEEKS // 2], "ms", note)
        yield Row(f"{name}, {among}, p95", limit[p95], ours[p95], "ms", "")
    let_go(folder)
    ours = _times_ms(panels["one panel, province"], _moments(last, 8))
    yield Row(f"… read from the disk, {among}, p50", None, ours[SEEKS // 2], "ms", "")
    yield Row(f"… read from the disk, {among}, p95", None, ours[p95], "ms", "")


def _times_ms(
    seek: Callable[[datetime], Awaitable[object]], moments: list[datetime]
) -> list[float]:
    async def timed() -> list[float]:
        times = []
        for moment in moments[:3] + moments:
            began = time.perf_counter()
            await seek(moment)
            times.append((time.perf_counter() - began) * 1000)
        return sorted(times[3:])

    return as_served(timed())


@contextmanager
def _reads(dsn: str, warehouse: Warehouse) -> Iterator[tuple[Reads, datetime]]:
    """The reads of a dashboard, and the newest moment."""
    progress = Progress()
    ((position, moment),) = warehouse.rows("SELECT max(position), max(received_at) FROM arrivals")
    progress.applied({"main": position}, moment)
    readers = Readers([connect(dsn), connect(dsn)])
    yield Reads(readers, Moments(readers, progress)), moment
    readers.close()


if __name__ == "__main__":
    for row in run():
        print(row)
