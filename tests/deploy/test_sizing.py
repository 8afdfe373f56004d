"""deploy/sizing.py: the arithmetic, and that the page shows what it computes."""

from __future__ import annotations

import re

import pytest

from deploy.sizing import (
    PAGE,
    PARTITIONS,
    PLACES,
    Choices,
    Measured,
    Place,
    most_of_one_ingest,
    size,
    table,
    with_table,
)
from services.backbone import topics
from services.simulator.curve import EVENTS, WEEKLY

PROVINCE = Place("a province", 92, 1)
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_shows_what_is_computed() -> None:
    """`python deploy/sizing.py --write` has been run."""
    assert with_table(TEXT) == TEXT


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    """Rather than written without it."""
    with pytest.raises(ValueError, match="table"):
        with_table("# A page\n")


def test_every_place_has_its_row() -> None:
    """Under its name, with a cell for each column."""
    rows = [row.split(" | ") for row in table().splitlines()]

    assert [row[0].removeprefix("| ") for row in rows[2:]] == [place.name for place in PLACES]
    assert {len(row) for row in rows} == {len(rows[0])}


def test_a_province_by_hand() -> None:
    """92 centres of 1,000 events a day at a round price an event."""
    measured = Measured(
        events_per_centre_day=1_000, postgres_bytes=2_000, clickhouse_bytes=400, busiest_hour=1.5
    )

    needs = size(PROVINCE, measured, Choices(headroom=1.0, catch_up=2.0))

    assert needs.events_per_day == 92_000
    assert needs.average_per_s == pytest.approx(1.0648, abs=1e-4)
    assert needs.peak_per_s == pytest.approx(3 * needs.average_per_s)
    assert needs.postgres_gb_year == pytest.approx(92_000 * 365 * 2_000 / 1e9)
    assert needs.clickhouse_gb_year == pytest.approx(92_000 * 365 * 400 * 2 / 1e9)
    assert (needs.ingests, needs.projectors, needs.shards) == (2, 2, 1)


def test_twice_the_centres_take_twice_the_disk() -> None:
    """All that is kept for ever grows with the events; Kafka's marks do not."""
    one, two = size(Place("one", 500, 1)), size(Place("two", 1_000, 1))

    assert two.postgres_gb_year == pytest.approx(2 * one.postgres_gb_year)
    assert two.clickhouse_gb_year == pytest.approx(2 * one.clickhouse_gb_year)
    assert one.kafka_gb < two.kafka_gb < 2 * one.kafka_gb


def test_marks_are_bounded() -> None:
    """A node is marked at most ten times a second, however much it sends."""
    quiet, busy = Measured(kafka_bytes=0), Measured(kafka_bytes=0, events_per_centre_day=10_000_000)
    per_s = 12 * 157 * 86_400 * 14 * 3 * 1.3 / 1e9

    assert size(Place("one", 1, 1), quiet).kafka_gb == pytest.approx(per_s, rel=0.02)
    assert size(Place("one", 1, 1), busy).kafka_gb == pytest.approx(10 * per_s)


def test_more_is_projected_by_more() -> None:
    """A peak beyond what two take needs more of them."""
    needs = size(Place("many", 3_266, 31), Measured(events_per_centre_day=107_000))

    assert needs.projectors == 5


def test_no_place_needs_more_than_can_share_the_log() -> None:
    """Partitions and retention are those of `yiping topics apply`."""
    assert PARTITIONS == topics.PARTITIONS
    assert max(size(place).projectors for place in PLACES) <= PARTITIONS
    assert Choices().kafka_days == topics.log_topic("log").retention_days


def test_what_is_kept_for_years_is_spread_over_shards() -> None:
    """Five years of a country do not fit one server of 2 TB."""
    assert size(PLACES[-1]).shards == 3


def test_one_event_store_takes_more_than_the_largest_place_sends() -> None:
    """What the page says of throughput."""
    assert most_of_one_ingest() > 3_266


def test_the_busiest_hour_is_the_simulators() -> None:
    """As its curve says now."""
    busiest = max(EVENTS) / (sum(EVENTS) / len(EVENTS)) * max(WEEKLY) / (sum(WEEKLY) / len(WEEKLY))

    assert Measured().busiest_hour == pytest.approx(busiest, abs=0.01)


def test_the_page_tells_the_figures_of_the_code() -> None:
    """Each figure stands in the page as the code has it."""
    measured = Measured()

    for value, unit in (
        (measured.events_per_centre_day, " \\|"),
        (measured.postgres_bytes, " bytes an event"),
        (measured.wal_bytes, " bytes an event"),
        (measured.kafka_bytes, " bytes a record"),
        (measured.mark_bytes, " bytes"),
        (measured.clickhouse_bytes, " bytes an event"),
        (measured.clickhouse_fresh_bytes, " bytes an event"),
        (measured.admitted_per_s, " events/s"),
        (measured.projected_per_s, " events/s"),
    ):
        assert re.search(rf"\| {value:,.0f}{unit}", TEXT), value
    assert f"{measured.busiest_hour} × average" in TEXT
    assert f"{Choices().catch_up:.0f} × busiest hour" in TEXT
