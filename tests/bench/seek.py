"""Any moment of a panel, of the province or of a county, among a million changes.

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

from services.backbone.progress import Progress
from services.backbone.warehouse import Warehouse, connect
from services.dashboard_api.moment import Moments
from services.dashboard_api.readers import Readers
from services.dashboard_api.reads import Reads
from services.projector.keyframes import Keyframes
from services.projector.migrations import apply
from tests.bench.rows import Row
from tests.support.records import START, province

CHANGES = 1_000_000
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
    """Seeks at random moments, with keyframes and without."""
    with tempfile.TemporaryDirectory() as folder:
        dsn = f"chdb://{folder}/views"
        warehouse = connect(dsn)
        apply(warehouse)
        last = _filled(warehouse)
        with _reads(dsn, warehouse) as reads:
            rows = list(_rows(warehouse, reads, last))
        warehouse.close()
    return rows


def _filled(warehouse: Warehouse) -> datetime:
    """A day of a province, repeated until there are enough changes; its last moment."""
    day = list(islice(province(1, per_day=PER_DAY), PER_DAY - 2_000))
    for start in range(0, len(day), 10_000):
        warehouse.insert_json("events", b"\n".join(e.body for e in day[start : start + 10_000]))
    number = 0
    while (changes := _changes(warehouse)) < CHANGES:
        number += 1
        warehouse.command(_NEXT_DAY, {"records": len(day), "day": number})
        if changes == _changes(warehouse):
            raise RuntimeError("a day more has brought no change more")
    ((last,),) = warehouse.rows("SELECT max(received_at) FROM events")
    moment: datetime = last
    Keyframes(warehouse).close({"main": moment})
    return moment


def _changes(warehouse: Warehouse) -> int:
    ((changes,),) = warehouse.rows("SELECT countIf(delta = 1) FROM flows")
    return int(changes)


def _rows(warehouse: Warehouse, reads: Reads, last: datetime) -> Iterator[Row]:
    made = random.Random(7)
    span_s = (last - START).total_seconds()
    moments = [START + timedelta(seconds=made.uniform(86_400, span_s)) for _ in range(SEEKS)]

    async def bare(moment: datetime) -> None:
        await asyncio.to_thread(warehouse.rows, _SUM, {"moment": moment})

    senders = [sender for sender, _ in asyncio.run(reads.first_heard())]

    async def of_province(moment: datetime) -> None:
        await reads.counted(moment, senders=senders, elements=["person"], org=PROVINCE)

    async def of_county(moment: datetime) -> None:
        await reads.counted(moment, senders=[COUNTY], elements=["person"], org=COUNTY)

    async def of_all(moment: datetime) -> None:
        await reads.counted(moment, senders=senders, org=PROVINCE)

    note = f"{_changes(warehouse):,} changes in {span_s / 86_400:.0f} days"
    limit = _times_ms(bare, moments)
    panels = {
        "one panel, province": of_province,
        "one panel, county": of_county,
        "all six panels, province": of_all,
    }
    for name, seek in panels.items():
        ours = _times_ms(seek, moments)
        yield Row(f"{name}, p50", limit[SEEKS // 2], ours[SEEKS // 2], "ms", note)
        p95 = SEEKS * 95 // 100
        yield Row(f"{name}, p95", limit[p95], ours[p95], "ms", "")
    warehouse.command("TRUNCATE TABLE keyframes")
    without = _times_ms(of_province, moments[:10])
    yield Row("one panel, province, without keyframes", None, without[5], "ms", "p50")


def _times_ms(seek: Callable[[datetime], Awaitable[None]], moments: list[datetime]) -> list[float]:
    async def timed() -> list[float]:
        times = []
        for moment in moments[:3] + moments:
            began = time.perf_counter()
            await seek(moment)
            times.append((time.perf_counter() - began) * 1000)
        return sorted(times[3:])

    return asyncio.run(timed())


@contextmanager
def _reads(dsn: str, warehouse: Warehouse) -> Iterator[Reads]:
    progress = Progress()
    ((position, moment),) = warehouse.rows("SELECT max(position), max(received_at) FROM events")
    progress.applied({"main": position}, moment)
    readers = Readers([connect(dsn), connect(dsn)])
    yield Reads(readers, Moments(readers, progress))
    readers.close()


if __name__ == "__main__":
    for row in run():
        print(row)
