"""In which parts of a view the engine looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.backbone.warehouse import Warehouse
from tests.projector.days import Day
from tests.support.projecting import insert, parts_of
from tests.support.waiting import eventually


@pytest.mark.parametrize("table", ["flows", "arrivals"])
def test_a_month_of_before_is_put_into_one_part(warehouse: Warehouse, day: Day, table: str) -> None:
    """Once nothing has come into it for a while, a moment in it is read in one place."""
    ((made,),) = warehouse.rows(f"SHOW CREATE TABLE {table}")
    assert "min_age_to_force_merge_seconds = 86400" in made
    assert "min_age_to_force_merge_on_partition_only = 1" in made
    warehouse.command(f"ALTER TABLE {table} MODIFY SETTING min_age_to_force_merge_seconds = 1")
    for _ in range(4):
        day.record("incident.received")
        insert(warehouse, day.entries[-1:])

    eventually(lambda: parts_of(warehouse, table) == 1)


@pytest.mark.parametrize("table", ["histories", "links"])
def test_what_is_a_day_old_is_put_together(warehouse: Warehouse, day: Day, table: str) -> None:
    """However large, up to a size that a core writes anew in some minutes."""
    ((made,),) = warehouse.rows(f"SHOW CREATE TABLE {table}")
    assert "min_age_to_force_merge_seconds = 86400" in made
    assert "max_bytes_to_merge_at_max_space_in_pool = 4294967296" in made
    for n in range(3):
        day.record("incident.disposed", jq_no=f"J{n}", case_no=f"A{n}")
        insert(warehouse, day.entries[-1:])
    assert parts_of(warehouse, table) == 3

    warehouse.command(f"ALTER TABLE {table} MODIFY SETTING min_age_to_force_merge_seconds = 1")

    eventually(lambda: parts_of(warehouse, table) == 1)


@pytest.mark.parametrize(
    ("table", "filter_", "asked"),
    [
        ("histories", "subjects", "SELECT * FROM histories WHERE subject IN ('J-51')"),
        ("links", "ids", "SELECT * FROM links WHERE element = 'incident' AND id = 'J-51'"),
    ],
)
def test_a_thing_is_looked_for_in_no_part_that_lacks_it(
    warehouse: Warehouse, day: Day, table: str, filter_: str, asked: str
) -> None:
    """The keys of each part reach around those of the others; the filter tells where it is."""
    for n in range(3):
        for jq_no in (f"J-1{n}", f"J-5{n}", f"J-9{n}"):
            day.record("incident.disposed", jq_no=jq_no, case_no=f"A{jq_no}")
        insert(warehouse, day.entries[-3:])

    plan = plan_of(warehouse, asked)

    assert parts_of(warehouse, table) == 3
    assert parts_after(plan, f"Name: {filter_}") == "Parts: 1/3"


def test_hours_are_looked_for_in_no_part_without_them(warehouse: Warehouse, day: Day) -> None:
    """A room's facts of some hours: statistics tell of each part, new ones too, when it begins."""
    hours = []
    for _ in range(3):
        for room_id in ("P1", "P2"):
            day.record("room.status_changed", room_id=room_id)
        insert(warehouse, day.entries[-2:])
        hours.append(day.now - timedelta(minutes=1))
        day.now += timedelta(days=1)

    plan = plan_of(
        warehouse,
        "SELECT * FROM histories WHERE subject IN ('P1')"
        " AND occurred_at <= {until:DateTime64(6, 'UTC')}",
        {"until": hours[0]},
    )

    assert parts_of(warehouse, "histories") == 3
    assert parts_after(plan, "Statistics") == "Parts: 1/3"


def plan_of(
    warehouse: Warehouse, query: str, parameters: Mapping[str, Any] | None = None
) -> list[str]:
    """The lines of what the engine says of the parts that it would read."""
    lines = warehouse.rows(f"EXPLAIN indexes = 1 {query}", parameters)
    return [line.strip() for (line,) in lines]


def parts_after(plan: list[str], step: str) -> str:
    """How many parts are left after a step of a plan."""
    after = plan[plan.index(step) :]
    return next(line for line in after if line.startswith("Parts:"))
