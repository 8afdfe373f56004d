"""What each view makes of the log."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.backbone.warehouse import Warehouse
from tests.projector.days import COUNTY, STATION, Day
from tests.support.projecting import FILLED, contents, insert
from tests.support.records import START

OTHER = "350203510000"


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
