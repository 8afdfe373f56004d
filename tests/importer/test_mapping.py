"""A mapping is held to the columns of the file and to the 25 classes before a row is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.importer.errors import MappingInvalid
from services.importer.mapping import Conditions, compiled
from services.importer.mapping_file import parse

COLUMNS = ["nr", "when", "kind", "level", "hours"]
GOOD = """\
source: "350203000000"
time_zone: Asia/Shanghai
values:
  level: {MIN: low}
recordedtime: {column: when}
ignore: {kind: print}
events:
  - type: person.admitted
    when: {kind: in}
    unless: {level: [none, unknown]}
    id: "{nr}"
    time: {column: when, not_before: {column: when}}
    note: "in/{nr}"
    data:
      person_no: "{nr}"
      risk_level: {column: level, values: level}
      admitted_at: {column: when, format: iso, at: "08:00"}
      limit_h: {column: hours, as: number}
"""


def changed(old: str, new: str) -> str:
    """The good mapping with one change."""
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_mapping_is_ready() -> None:
    """Every part reads its columns."""
    mapping = compiled(*parse(GOOD, "map.yaml"), COLUMNS)

    (event,) = mapping.events
    assert set(event.attributes) == {"id", "type", "time", "recordedtime"}
    assert set(event.data) == {"person_no", "risk_level", "admitted_at", "limit_h"}
    assert mapping.ignored is not None
    assert mapping.ignored.hold({"kind": "print"})


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ('source: "350203000000"', 'source: "{x}"', 1, "source"),
        ("recordedtime: {column: when}", "recordedtime: {column: x}", 5, "recordedtime.column"),
        ("ignore: {kind:", "ignore: {x:", 6, "ignore.x"),
        ("when: {kind: in}", "when: {x: in}", 9, "events[0].when.x"),
        ("unless: {level:", "unless: {x:", 10, "events[0].unless.x"),
        ('id: "{nr}"', 'id: "{nr}-{x}"', 11, "events[0].id"),
        ("time: {column: when", "time: {column: x", 12, "events[0].time.column"),
        ("not_before: {column: when}", "not_before: {column: x}", 12,
         "events[0].time.not_before.column"),
        ('note: "in/{nr}"', 'note: "in/{x}"', 13, "events[0].note"),
        ('person_no: "{nr}"', 'person_no: "{x}"', 15, "events[0].data.person_no"),
        ("column: level, values", "column: x, values", 16, "events[0].data.risk_level.column"),
        ("column: when, format", "column: x, format", 17, "events[0].data.admitted_at.column"),
        ("column: hours", "column: x", 18, "events[0].data.limit_h.column"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there(old: str, new: str, line: int, key: str) -> None:
    """Line and key of the mapping, the column, and the columns that there are."""
    with pytest.raises(MappingInvalid) as caught:
        compiled(*parse(changed(old, new), "map.yaml"), COLUMNS)

    assert str(caught.value) == (
        f"map.yaml, line {line}, {key}: the file has no column 'x'"
        " (it has: nr, when, kind, level, hours)"
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "reason"),
    [
        ('"350203000000"', '"35"', 1, "source", "'35' is not a code of 12 digits"),
        ('"350203000000"', "{column: level, values: level}", 1, "source", "'low' is not a code"),
        ("Asia/Shanghai", "Asia/Atlantis", 2, "time_zone", "'Asia/Atlantis' is no time zone"),
        ("Asia/Shanghai", "../etc", 2, "time_zone", "'../etc' is no time zone"),
        ("person.admitted", "person.arrested", 8, "events[0].type", "none of the 25 classes"),
        ('id: "{nr}"', "id: one", 11, "events[0].id", "names no column"),
        ("column: when, not", "column: when, values: level, not", 12, "events[0].time.values",
         "a time has no table"),
        ('      person_no: "{nr}"\n', "", 14, "events[0].data", "needs the field person_no"),
        ('person_no: "{nr}"', 'person_no: "{nr"', 15, "events[0].data.person_no",
         "a brace is open"),
        ("risk_level:", "danger:", 16, "events[0].data.danger", "has no such field (it has: org,"),
        ("values: level}", "values: lvl}", 16, "events[0].data.risk_level.values",
         "no table 'lvl' stands under values (there: level)"),
        ("values: level}", "at: '1'}", 16, "events[0].data.risk_level.at", "only a time"),
        ('at: "08:00"', "at: morning", 17, "events[0].data.admitted_at.at", "no time of day"),
    ],
)  # fmt: skip
def test_mistakes_are_found_before_a_row_is_sent(
    old: str, new: str, line: int, key: str, reason: str
) -> None:
    """Types, fields, tables, zones and templates."""
    with pytest.raises(MappingInvalid) as caught:
        compiled(*parse(changed(old, new), "map.yaml"), COLUMNS)

    assert (caught.value.line, caught.value.key) == (line, key)
    assert reason in caught.value.reason


def test_a_mapping_without_events_is_of_no_use() -> None:
    """It would pass every row over in silence."""
    with pytest.raises(MappingInvalid, match="there is no event"):
        compiled(*parse('source: "350203000000"\nevents: []', "map.yaml"), COLUMNS)


def test_types_out_of_a_table_are_held_to_the_classes_too() -> None:
    """Each type that a column can give, and its fields."""
    table = "type: {column: kind, values: {in: person.admitted, out: person.released}}"
    with pytest.raises(MappingInvalid, match=r"person\.released has no such field"):
        compiled(*parse(changed("type: person.admitted", table), "map.yaml"), COLUMNS)


@pytest.mark.parametrize(
    ("must", "must_not", "holds"),
    [
        ({}, {}, True),
        ({"a": "1"}, {}, True),
        ({"a": ["2", "1"]}, {}, True),
        ({"a": "2"}, {}, False),
        ({"a": "1", "b": "1"}, {}, False),
        ({}, {"a": "1"}, False),
        ({"a": "1"}, {"b": ["", "1"]}, True),
    ],
)
def test_conditions(must: dict[str, Any], must_not: dict[str, Any], holds: bool) -> None:
    """All that must hold do, and none that must not."""
    assert Conditions(must, must_not).hold({"a": "1", "b": "2"}) is holds


def ordered(order: str) -> str:
    """The good mapping with an order on its last line."""
    return f"{GOOD}order_by: [{order}]\n"


def test_an_order_is_ready() -> None:
    """Times and columns, the first counting most; without one the file's order holds."""
    order = "{column: when, format: iso}, {column: nr, as: integer}"

    mapping = compiled(*parse(ordered(order), "map.yaml"), COLUMNS)

    row = {"when": "2026-01-02T08:00+08:00", "nr": "10"}
    assert [cell.of(row) for cell in mapping.order] == [datetime(2026, 1, 2, tzinfo=UTC), 10]
    assert compiled(*parse(GOOD, "map.yaml"), COLUMNS).order == []


@pytest.mark.parametrize(
    ("order", "key", "reason"),
    [
        ("{column: x}", "order_by[0].column", "the file has no column 'x'"),
        ("{column: nr}, {column: nr, as: list}", "order_by[1].as", "cannot be sorted by a list"),
    ],
)
def test_an_order_of_no_use(order: str, key: str, reason: str) -> None:
    """Named with its line and key."""
    with pytest.raises(MappingInvalid, match=reason) as caught:
        compiled(*parse(ordered(order), "map.yaml"), COLUMNS)

    assert (caught.value.line, caught.value.key) == (GOOD.count("\n") + 1, key)
