"""A mapping file as written: its shape, its lines, its mistakes."""

from __future__ import annotations

import pytest

from services.importer.errors import MappingInvalid
from services.importer.mapping_file import Written, key_of, parse

GOOD = """\
source: "350203000000"
events:
  - type: person.admitted
    id: "{nr}"
    time: {column: when}
    data:
      person_no: "{nr}"
      limit_h: {column: hours, as: number}
"""


def test_a_file_is_read() -> None:
    """Keys, defaults, and what a value may be."""
    mapping, _ = parse(GOOD, "map.yaml")

    (rule,) = mapping.events
    assert (mapping.source, mapping.time_zone, mapping.delimiter) == ("350203000000", None, ",")
    assert rule.data == {"person_no": "{nr}", "limit_h": Written(column="hours", as_="number")}


def test_every_scalar_is_text() -> None:
    """A code, a NO, a date and a blank stay what they are."""
    text = GOOD + "values:\n  t: {NO: 012, 350200000000: 2026-01-01, '': , yes: null}\n"

    mapping, _ = parse(text, "map.yaml")

    assert mapping.values == {
        "t": {"NO": "012", "350200000000": "2026-01-01", "": "", "yes": "null"}
    }


@pytest.mark.parametrize(
    ("text", "line", "key", "reason"),
    [
        ("", 1, "", "the file is empty"),
        ("source: [", 1, "", "not YAML"),
        ("a: b\n c: d", 2, "", "not YAML"),
        ("\x00", 1, "", "not readable"),
        ("- one\n- two", 1, "", "Expected keys with values, got a list"),
        ("events: []", 1, "source", "is missing"),
        ("source: x\nevents: none", 2, "events", "Expected a list, got text"),
        (GOOD + "surce: x\n", 9, "surce", "is not a key here"),
        (GOOD + "source: y\n", 9, "source", "stands twice"),
        (GOOD + "? [a]\n: b\n", 9, "", "a key is not text"),
        (
            GOOD.replace("hours, as", "hours, is"),
            8,
            "events[0].data.limit_h.is",
            "is not a key here",
        ),
        (
            GOOD.replace("number", "date"),
            8,
            "events[0].data.limit_h.as",
            "Invalid enum value 'date'",
        ),
        (GOOD.replace("{column: when}", "when"), 5, "events[0].time", "Expected keys with values"),
        (GOOD.replace('    id: "{nr}"\n', ""), 3, "events[0].id", "is missing"),
        (GOOD + "    when: {a: {b: c}}\n", 9, "events[0].when.a", "Expected text or a list"),
    ],
)
def test_mistakes_are_named_with_line_and_key(text: str, line: int, key: str, reason: str) -> None:
    """Whoever wrote the file finds the place."""
    with pytest.raises(MappingInvalid) as caught:
        parse(text, "map.yaml")

    assert reason in caught.value.reason
    assert (caught.value.line, caught.value.key) == (line, key)
    assert str(caught.value).startswith(f"map.yaml, line {line}")


def test_a_place_without_a_line_takes_the_nearest_above() -> None:
    """What is missing is told at the line of what lacks it."""
    _, source = parse(GOOD, "map.yaml")

    error = source.invalid(("events", 0, "data", "org", "column"), "no")

    assert (error.line, error.key) == (6, "events[0].data.org.column")
    assert key_of(()) == ""
