"""Keyframes of closed days."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest

from services.backbone.log import Entry
from services.backbone.warehouse import Warehouse
from services.projector import keyframes
from services.projector.keyframes import Keyframes
from tests.support.projecting import insert
from tests.support.records import START, Recorder, province

ORG = "350203500000"
MIDNIGHT = datetime(2026, 11, 16, tzinfo=UTC)


def stays(days: Sequence[int], node: str = "main") -> list[Entry]:
    """One admission at noon of each day, counted from the first."""
    recorder = Recorder()
    return [
        recorder.record(
            "person.admitted",
            {"person_no": f"{node}-{number}", "org": ORG},
            id_=f"{node}-{number}",
            sender="350203000000",
            occurred_at=START + timedelta(days=day, hours=12),
            received_at=START + timedelta(days=day, hours=12),
            node=node,
        )
        for number, day in enumerate(days)
    ]


def day(number: int) -> date:
    """The day of that number."""
    return (START + timedelta(days=number)).date()


def levels(warehouse: Warehouse, node: str = "main") -> dict[date, int]:
    """The level of admitted persons on each day that has a keyframe."""
    rows = warehouse.rows(
        "SELECT day, sum(level) FROM keyframes FINAL WHERE node = {node:String}"
        " GROUP BY day ORDER BY day",
        {"node": node},
    )
    return dict(rows)


def test_an_open_day_has_no_keyframe(warehouse: Warehouse) -> None:
    """While facts of a day may still come, nothing is written of its end."""
    insert(warehouse, stays([0, 0]))
    made = Keyframes(warehouse).close({"main": MIDNIGHT + timedelta(hours=23, minutes=59)})

    assert made == 0
    assert levels(warehouse) == {}


def test_a_closed_day_gives_the_level_of_its_end(warehouse: Warehouse) -> None:
    """The keyframe of a day counts all before the day, none of it."""
    insert(warehouse, stays([0, 0, 1, 2, 2, 2]))
    Keyframes(warehouse).close({"main": START + timedelta(days=2, hours=12)})

    assert levels(warehouse) == {day(1): 2, day(2): 3}


def test_quiet_days_need_none(warehouse: Warehouse) -> None:
    """Between two days with changes, however far apart, one keyframe is enough."""
    insert(warehouse, stays([0, 9, 4000]))
    Keyframes(warehouse).close({"main": START + timedelta(days=4001)})

    assert levels(warehouse) == {day(1): 1, day(10): 2, day(4001): 3}


def test_writing_again_changes_nothing(warehouse: Warehouse) -> None:
    """A second projector, or one that was killed, makes the same."""
    insert(warehouse, stays([0, 1, 2]))
    reached = {"main": START + timedelta(days=3)}
    Keyframes(warehouse).close(reached)
    before = warehouse.rows("SELECT * FROM keyframes FINAL ORDER BY ALL")
    Keyframes(warehouse).close(reached)
    warehouse.command("TRUNCATE TABLE keyframes")
    Keyframes(warehouse).close(reached)
    Keyframes(warehouse).close(reached)

    assert warehouse.rows("SELECT * FROM keyframes FINAL ORDER BY ALL") == before


def test_it_goes_on_where_another_ended(warehouse: Warehouse) -> None:
    """Later days build on the newest keyframe that stands."""
    insert(warehouse, stays([0, 1, 2, 3]))
    Keyframes(warehouse).close({"main": START + timedelta(days=2)})
    Keyframes(warehouse).close({"main": START + timedelta(days=4)})

    assert levels(warehouse) == {day(1): 1, day(2): 2, day(3): 3, day(4): 4}


def test_an_emptied_table_is_noticed(warehouse: Warehouse) -> None:
    """When another process empties the table, the next closing makes all again."""
    frames = Keyframes(warehouse)
    insert(warehouse, stays([0, 1, 2]))
    frames.close({"main": START + timedelta(days=2)})
    warehouse.command("TRUNCATE TABLE keyframes")
    frames.close({"main": START + timedelta(days=3)})

    assert levels(warehouse) == {day(1): 1, day(2): 2, day(3): 3}


def test_each_node_has_its_own(warehouse: Warehouse) -> None:
    """A load of older days changes nothing of the live node's keyframes."""
    insert(warehouse, stays([5, 6]) + stays([0, 1, 1], "load-a"))
    frames = Keyframes(warehouse)
    frames.close({"main": START + timedelta(days=6, hours=12)})
    frames.close({"load-a": START + timedelta(days=2)})

    assert levels(warehouse) == {day(6): 1}
    assert levels(warehouse, "load-a") == {day(1): 1, day(2): 3}


def test_levels_of_zero_leave_no_row_but_the_mark(warehouse: Warehouse) -> None:
    """A keyframe without any thing still says that it is complete."""
    warehouse.command(
        "INSERT INTO flows (day, element, org, status, delta, node, position, n)"
        " VALUES ('2026-11-16', 'person', '1', 'out', 1, 'main', 1, 1),"
        " ('2026-11-16', 'person', '1', 'out', -1, 'main', 2, 0)"
    )
    Keyframes(warehouse).close({"main": START + timedelta(days=1)})

    assert warehouse.rows("SELECT day, element, level FROM keyframes") == [(day(1), "", 0)]


@pytest.mark.parametrize("days_at_once", [1, 3, 100])
def test_any_number_of_days_at_once_gives_the_same(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, days_at_once: int
) -> None:
    """Keyframes of a month of a province are the sums of all flows before each day."""
    monkeypatch.setattr(keyframes, "DAYS_AT_ONCE", days_at_once)
    insert(warehouse, islice(province(5, per_day=50), 1500))
    Keyframes(warehouse).close({"main": START + timedelta(days=60)})

    differences = """
        WITH
            days AS (SELECT DISTINCT day FROM keyframes WHERE element = ''),
            summed AS (
                SELECT days.day AS day, element, org, status, sum(delta) AS level
                FROM days CROSS JOIN (SELECT * FROM flows FINAL) AS flows
                WHERE flows.day < days.day GROUP BY ALL HAVING level != 0
            ),
            kept AS (
                SELECT day, element, org, status, level FROM keyframes FINAL WHERE element != ''
            )
        SELECT (SELECT count() FROM kept), (SELECT count() FROM (SELECT * FROM kept EXCEPT
            SELECT * FROM summed)), (SELECT count() FROM (SELECT * FROM summed EXCEPT
            SELECT * FROM kept))
    """
    ((rows, wrong, missing),) = warehouse.rows(differences)
    assert rows > 1000
    assert (wrong, missing) == (0, 0)


def test_an_insert_is_one_part(warehouse: Warehouse) -> None:
    """A later day never stands without the earlier ones, over the end of a month either."""
    warehouse.command("SYSTEM STOP MERGES keyframes")
    insert(warehouse, stays([0, 5, 20, 40, 41]))
    Keyframes(warehouse).close({"main": START + timedelta(days=50)})

    parts = warehouse.rows(
        "SELECT toYYYYMM(min(day)), toYYYYMM(max(day)), count() FROM keyframes"
        " GROUP BY _part ORDER BY _part"
    )
    assert parts == [(202611, 202612, 5 * 2)]


def test_a_keyframe_is_one_part(warehouse: Warehouse) -> None:
    """Whoever reads meanwhile meets all of a keyframe or nothing of it."""
    insert(warehouse, islice(province(5, per_day=100), 1200))
    warehouse.command("SYSTEM STOP MERGES keyframes")
    Keyframes(warehouse).close({"main": START + timedelta(days=9)})

    assert warehouse.rows(
        "SELECT count() FROM (SELECT day, uniqExact(_part) AS parts FROM keyframes"
        " GROUP BY day HAVING parts > 1)"
    ) == [(0,)]
