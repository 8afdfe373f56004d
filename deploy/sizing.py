"""What a cluster of a size needs, from what was measured: writes the table of sizing.md.

    python deploy/sizing.py            the table on standard output
    python deploy/sizing.py --write    into sizing.md; its test holds the two together

The arithmetic is pure; how each figure was measured, and how to measure it again, stands in
sizing.md.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from math import ceil
from pathlib import Path

DAY_S = 86_400
YEAR_DAYS = 365
GB = 1_000_000_000
PARTITIONS = 12
"""Of the log's topic, and so the most projectors that can share it."""
PAGE = Path(__file__).with_name("sizing.md")
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one event costs, how many there are, and what one process carries."""

    events_per_centre_day: float = 1_070.0
    """98,600 a day of 92 simulated centres."""
    busiest_hour: float = 1.44
    """The busiest hour of the busiest weekday, beside the average (the simulator's curve)."""
    postgres_bytes: float = 1_810.0
    """An event with what was admitted, its keys and all indexes."""
    wal_bytes: float = 1_950.0
    """The same in PostgreSQL's log, which an archive keeps."""
    kafka_bytes: float = 1_303.0
    """A record, uncompressed."""
    mark_bytes: float = 157.0
    """A mark, which every partition gets."""
    clickhouse_bytes: float = 541.0
    """An event in all views together, merged, with their keyframes."""
    clickhouse_fresh_bytes: float = 613.0
    """The same before its parts are merged."""
    admitted_per_s: float = 4_000.0
    """Durable admission of one ingest process."""
    projected_per_s: float = 18_000.0
    """The log to all views by one projector, in small blocks."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What an operator decides."""

    kafka_copies: int = 3
    kafka_days: float = 14.0
    clickhouse_copies: int = 2
    catch_up: float = 7.0
    """An outage of the busiest hour is made good within ten minutes: 60 / 10 + 1."""
    headroom: float = 1.3
    """Free room that merges, vacuum and growth need."""
    server_gb: float = 2_000.0
    """Views that one ClickHouse server should hold after five years."""
    kept_years: int = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Who sends."""

    name: str
    centres: int
    nodes: int
    """Event stores: one for each city or province that runs its own."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """What it takes; GB are 10^9 bytes, rates are events a second."""

    events_per_day: float
    average_per_s: float
    busiest_per_s: float
    peak_per_s: float
    ingests: int
    projectors: int
    shards: int
    postgres_gb_year: float
    wal_gb_day: float
    kafka_gb: float
    clickhouse_gb_year: float


PLACES = (
    Place("one county", 1, 1),
    Place("a city of 10 counties", 10, 1),
    Place("a province of 92 centres, one store", 92, 1),
    Place("the same, a store for each of 9 cities", 92, 9),
    Place("four such provinces", 368, 4),
    Place("a country of 3,266 centres", 3_266, 31),
)


def size(place: Place, measured: Measured = Measured(), choices: Choices = Choices()) -> Sizing:
    """What a place needs."""
    events = place.centres * measured.events_per_centre_day
    average = events / DAY_S
    busiest = average * measured.busiest_hour
    peak = busiest * choices.catch_up
    projectors = max(2, ceil(peak / (measured.projected_per_s / 2)))
    views = events * YEAR_DAYS * measured.clickhouse_bytes * choices.headroom
    shards = max(1, ceil(views * choices.kept_years / (choices.server_gb * GB)))
    return Sizing(
        events_per_day=events,
        average_per_s=average,
        busiest_per_s=busiest,
        peak_per_s=peak,
        # One writes, one stands by, for each event store.
        ingests=2 * place.nodes,
        projectors=projectors,
        shards=shards,
        postgres_gb_year=events * YEAR_DAYS * measured.postgres_bytes * choices.headroom / GB,
        wal_gb_day=events * measured.wal_bytes / GB,
        kafka_gb=_kafka_bytes(place, average, measured, choices) / GB,
        clickhouse_gb_year=views * choices.clickhouse_copies / GB,
    )


def _kafka_bytes(place: Place, average: float, measured: Measured, choices: Choices) -> float:
    """On all brokers together; in small places the marks are more than the events.

    A node is marked about once a second, and after each event, but at most ten times a second.
    """
    marks = place.nodes * min(10.0, 1.0 + average / place.nodes) * PARTITIONS
    per_s = average * measured.kafka_bytes + marks * measured.mark_bytes
    return per_s * DAY_S * choices.kafka_days * choices.kafka_copies * choices.headroom


def most_of_one_ingest(measured: Measured = Measured(), choices: Choices = Choices()) -> int:
    """How many centres one event store can take at its peak, at half of what it can."""
    peak = measured.events_per_centre_day / DAY_S * measured.busiest_hour * choices.catch_up
    return int(measured.admitted_per_s / 2 / peak)


COLUMNS = (
    "who sends", "events a day", "average /s", "busiest hour /s", "peak /s", "ingest",
    "projectors", "shards × 2", "PostgreSQL GB/year", "its log GB/day", "Kafka GB, 14 days × 3",
    "ClickHouse GB/year, both copies",
)  # fmt: skip


def table(places: tuple[Place, ...] = PLACES) -> str:
    """The table in Markdown."""
    rows = [COLUMNS, ("---", *("---:",) * (len(COLUMNS) - 1))]
    rows += [_row(place, size(place)) for place in places]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _row(place: Place, needs: Sizing) -> tuple[str, ...]:
    return (
        place.name,
        f"{needs.events_per_day:,.0f}",
        _rounded(needs.average_per_s),
        _rounded(needs.busiest_per_s),
        _rounded(needs.peak_per_s),
        str(needs.ingests),
        str(needs.projectors),
        str(needs.shards),
        _rounded(needs.postgres_gb_year),
        _rounded(needs.wal_gb_day),
        _rounded(needs.kafka_gb),
        _rounded(needs.clickhouse_gb_year),
    )


def _rounded(value: float) -> str:
    """To two digits that count: more would claim what nobody knows."""
    return f"{float(f'{value:.2g}'):,.10g}"


def with_table(page: str) -> str:
    """A page with the table between its marks; raises ValueError where they are missing."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{table()}\n{END}{after}"


def main(arguments: list[str]) -> None:
    """Print the table, or write it."""
    if arguments == ["--write"]:
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table(), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
