"""What each view makes of the log."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.backbone.log import Entry
from services.backbone.warehouse import Warehouse
from tests.support.events import minimal
from tests.support.projecting import FILLED, contents, insert
from tests.support.records import START, Recorder
from tests.support.waiting import eventually

COUNTY = "350203000000"
STATION = "350203500000"
OTHER = "350203510000"


class Day:
    """Facts one minute after another."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.now = START
        self.entries: list[Entry] = []

    def record(self, type_: str, *, late_s: float = 30, node: str = "main", **data: Any) -> None:
        """One more fact, ``late_s`` after it happened."""
        self.now += timedelta(minutes=1)
        self.entries.append(
            self.recorder.record(
                type_,
                minimal(type_) | {"org": STATION} | data,
                id_=f"fact-{len(self.entries) + 1}",
                sender=COUNTY,
                occurred_at=self.now - timedelta(seconds=late_s),
                received_at=self.now,
                node=node,
                sequence=len(self.entries) + 1,
            )
        )


@pytest.fixture
def day() -> Day:
    """A day without facts."""
    return Day()


def flows(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """(position, n, element, org, status, delta) in the order of the log."""
    return warehouse.rows(
        "SELECT position, n, element, org, status, delta FROM flows FINAL"
        " ORDER BY node, position, n"
    )


def test_events_keep_every_field(warehouse: Warehouse, day: Day) -> None:
    """A row of ``events`` says what the record says; state and data are its very bytes."""
    day.record("person.admitted", case_no="A1", name="密文", limit_h=24.0)
    insert(warehouse, day.entries)
    (row,) = warehouse.records("SELECT * FROM events")
    body = msgspec.json.decode(day.entries[0].body)

    assert row["data"] in day.entries[0].body.decode()
    assert msgspec.json.decode(row["state"]) == body["state"]
    assert row["refs"] == [("case", "A1")]
    assert row["changes"][0]["to_status"] == "admitted"
    assert row["received_at"] == START + timedelta(minutes=1)
    for field in ("node", "position", "stream", "version", "id", "source", "type", "sequence"):
        assert row[field] == body[field]


def test_a_move_leaves_one_place_and_comes_to_another(warehouse: Warehouse, day: Day) -> None:
    """Each change of status is -1 and +1; a fact that moves nothing is no flow."""
    day.record("person.admitted")
    day.record("person.checked")
    day.record("person.released")
    insert(warehouse, day.entries)

    assert flows(warehouse) == [
        (1, 1, "person", STATION, "admitted", 1),
        (3, 0, "person", STATION, "admitted", -1),
        (3, 1, "person", STATION, "released", 1),
    ]


def test_a_change_of_organisation_is_a_move(warehouse: Warehouse, day: Day) -> None:
    """Who is no longer responsible has one less."""
    day.record("case.accepted")
    day.record("case.documented", org=OTHER)
    insert(warehouse, day.entries)

    assert flows(warehouse)[1:] == [
        (2, 0, "case", STATION, "open", -1),
        (2, 1, "case", OTHER, "open", 1),
    ]


def test_a_late_fact_moves_nothing(warehouse: Warehouse, day: Day) -> None:
    """What happened before the newest word changes no count."""
    day.record("person.released")
    day.record("person.admitted", late_s=7200)
    insert(warehouse, day.entries)

    assert len(flows(warehouse)) == 1
    assert warehouse.rows("SELECT status, version FROM person") == [("released", 2)]


def test_a_fact_of_the_day_before_counts_when_it_was_received(
    warehouse: Warehouse, day: Day
) -> None:
    """Days of flows are days of receipt."""
    day.record("person.admitted", late_s=86_400 * 3)
    insert(warehouse, day.entries)

    assert warehouse.rows("SELECT day, toDate(occurred_at) FROM flows") == [
        (date(2026, 11, 16), date(2026, 11, 13))
    ]


@pytest.mark.parametrize(
    ("type_", "data", "element", "expected"),
    [
        (
            "incident.received",
            {"jq_no": "JQ1", "category": "纠纷", "urgent": True, "channel": "110"},
            "incident",
            {"id": "JQ1", "category": "纠纷", "urgent": True, "case_no": ""},
        ),
        (
            "person.admitted",
            {"case_no": "A1", "limit_h": 24.5, "admitted_at": "2026-11-16T08:00:00+08:00"},
            "person",
            {
                "case_no": "A1",
                "limit_h": 24.5,
                "admitted_at": datetime(2026, 11, 16, tzinfo=UTC),
                "left_at": None,
            },
        ),
        (
            "property.seized",
            {"name": "手机", "quantity": 2.0, "unit": "部"},
            "property",
            {"name": "手机", "quantity": 2.0, "due_back": None, "status": "seized"},
        ),
        (
            "case.accepted",
            {"type": "criminal", "case_reason": "盗窃", "decision": "open"},
            "case",
            {"kind": "criminal", "type": "case.accepted", "case_reason": "盗窃", "status": "open"},
        ),
        (
            "room.status_changed",
            {"occupancy": 3, "capacity": 2, "guard": True},
            "place",
            {"occupancy": 3, "capacity": 2, "guard": True, "status": "crowded"},
        ),
        (
            "dossier.compiled",
            {"pages": 40, "missing": ["笔录"]},
            "dossier",
            {"pages": 40, "missing": ["笔录"], "status": "incomplete"},
        ),
    ],
)
def test_element_views_have_typed_fields(
    warehouse: Warehouse,
    day: Day,
    type_: str,
    data: dict[str, Any],
    element: str,
    expected: dict[str, Any],
) -> None:
    """What a list filters by is a column; what no fact has said is empty."""
    day.record(type_, **data)
    insert(warehouse, day.entries)
    (row,) = warehouse.records("SELECT * FROM {view:Identifier}", {"view": element})

    assert {name: row[name] for name in expected} == expected
    assert row["org"] == STATION


def test_element_views_show_the_newest_version(warehouse: Warehouse, day: Day) -> None:
    """One row for each thing, with the fields of all its facts."""
    day.record("person.admitted", person_no="R1", case_no="A1")
    day.record("person.admitted", person_no="R2")
    day.record("person.moved", person_no="R1", to_room="询3")
    insert(warehouse, day.entries)

    assert warehouse.rows(
        "SELECT id, version, status, case_no, to_room FROM person ORDER BY id"
    ) == [("R1", 2, "waiting", "A1", "询3"), ("R2", 1, "admitted", "", "")]


def test_a_version_from_another_node_wins(warehouse: Warehouse, day: Day) -> None:
    """Versions run on across nodes, positions do not."""
    for _ in range(5):
        day.record("case.documented", case_no="A0", node="load-a")
    day.record("case.accepted", node="load-a")
    day.record("case.decided", node="main")
    insert(warehouse, day.entries)

    assert warehouse.rows("SELECT status, node, position FROM case WHERE id = 'A1'") == [
        ("decided", "main", 1)
    ]


def test_states_keep_every_version(warehouse: Warehouse, day: Day) -> None:
    """What was known of a thing at any moment can be read off."""
    day.record("case.accepted")
    day.record("case.decided")
    insert(warehouse, day.entries)

    assert warehouse.rows(
        "SELECT version, status, fact_id, type FROM states"
        " WHERE element = 'case' AND id = 'A1' ORDER BY version"
    ) == [(1, "open", "fact-1", "case.accepted"), (2, "decided", "fact-2", "case.decided")]


def test_links_go_both_ways(warehouse: Warehouse, day: Day) -> None:
    """Either of two things finds the other, and a list of ids links to each."""
    day.record("incident.disposed", case_no="A1", persons_brought=["R1", "R2", "R1"])
    insert(warehouse, day.entries)

    assert warehouse.rows(
        "SELECT other_element, other_id FROM links FINAL"
        " WHERE element = 'incident' AND id = 'JQ1' ORDER BY 1, 2"
    ) == [("case", "A1"), ("person", "R1"), ("person", "R2")]
    assert warehouse.rows("SELECT id, other_id FROM links FINAL WHERE element = 'person'") == [
        ("R1", "JQ1"),
        ("R2", "JQ1"),
    ]


def test_arrivals_tell_lateness_and_gaps(warehouse: Warehouse, day: Day) -> None:
    """Each fact says when it came from whom, and what was missing then."""
    day.record("person.admitted", late_s=90)
    insert(warehouse, day.entries)

    assert warehouse.rows(
        "SELECT sender, received_at - occurred_at, sequence, missing FROM arrivals"
    ) == [(COUNTY, 90, 1, 0)]


def test_any_text_comes_through(warehouse: Warehouse, day: Day) -> None:
    """Quotes, newlines, escapes, emoji and control characters stay what they are."""
    text = "\"'\\\n\t\u0000\u001f 警🚓 \u202e"
    day.record("case.accepted", case_no=f"A{text}", case_reason=text)
    insert(warehouse, day.entries)

    assert warehouse.rows("SELECT id, case_reason FROM case") == [(f"A{text}", text)]


def test_the_same_block_twice_changes_nothing(warehouse: Warehouse, day: Day) -> None:
    """Keys make inserts idempotent in every table."""
    for type_ in ("incident.disposed", "person.admitted", "case.accepted", "person.released"):
        day.record(type_)
    tables = ("events", *FILLED)
    insert(warehouse, day.entries)
    once = {table: contents(warehouse, table) for table in tables}
    insert(warehouse, day.entries[1:3])
    insert(warehouse, day.entries)

    assert {table: contents(warehouse, table) for table in tables} == once


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
    """A room's facts of some hours: the statistics of a part tell from when to when it reaches."""
    hours = []
    for _ in range(3):
        for room_id in ("P1", "P2"):
            day.record("room.status_changed", room_id=room_id)
        insert(warehouse, day.entries[-2:])
        hours.append(day.now - timedelta(minutes=1))
        day.now += timedelta(days=1)
    warehouse.command(
        "ALTER TABLE histories MATERIALIZE STATISTICS ALL SETTINGS mutations_sync = 2"
    )

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


def parts_of(warehouse: Warehouse, table: str) -> int:
    """How many parts a table has."""
    ((parts,),) = warehouse.rows(
        "SELECT count() FROM system.parts WHERE active AND database = currentDatabase()"
        " AND table = {table:String}",
        {"table": table},
    )
    return int(parts)
