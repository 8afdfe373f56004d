"""Rows into events: identity, conditions, notes and corrections."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.importer.mapping import compiled
from services.importer.mapping_file import parse
from services.importer.translation import Outcome, Passed, Refused, Translated, Translator

COLUMNS = ["nr", "day", "kind", "stay", "org"]
MAPPING = """\
source: "{org}"
time_zone: Asia/Shanghai
ignore: {kind: print}
events:
  - type: person.admitted
    when: {kind: in}
    unless_note: "out/{stay}"
    id: "{nr}"
    time: {column: day}
    data: {person_no: "{stay}"}
  - type: person.checked
    when: {kind: in}
    corrects_note: "out/{stay}"
    id: "{nr}"
    time: {column: day}
    data: {person_no: "{stay}", state: back}
  - type: person.released
    when: {kind: out}
    note: "out/{stay}"
    id: "{nr}"
    time: {column: day}
    corrects: "{org}"
    data: {person_no: "{stay}", destination: "{kind}"}
"""
KINDS = st.sampled_from(["in", "out", "print", "?"])
histories = st.lists(st.tuples(KINDS, st.sampled_from("AB")), max_size=12)


def translator() -> Translator:
    """A translator at the first row."""
    return Translator(compiled(*parse(MAPPING, "map.yaml"), COLUMNS))


def row(nr: int, kind: str, stay: str = "A", **cells: str) -> dict[str, str]:
    """One row of the made-up log."""
    made = {"nr": str(nr), "day": "2026-01-02", "kind": kind, "stay": stay, "org": "350203000000"}
    return {**made, **cells}


def event(outcome: Outcome) -> dict[str, Any]:
    """The event of a row that gives one."""
    assert isinstance(outcome, Translated)
    found: dict[str, Any] = msgspec.json.decode(outcome.body)
    assert found["id"] == outcome.id
    return found


def test_a_row_becomes_an_event() -> None:
    """The envelope and the data, nothing that is blank."""
    (outcome,) = translator().translate(1, row(7, "in"))

    assert event(outcome) == {
        "specversion": "1.0",
        "source": "/orgs/350203000000",
        "id": "7",
        "type": "person.admitted",
        "time": "2026-01-02T00:00:00+08:00",
        "data": {"person_no": "A"},
    }


def test_a_return_takes_the_release_back_once() -> None:
    """The note names the event that is replaced, and is gone afterwards."""
    one = translator()

    said = [
        event(one.translate(n, row(n, kind))[0])
        for n, kind in enumerate(["in", "out", "in", "out", "in", "in"])
    ]

    assert [(e["type"], e.get("corrects")) for e in said] == [
        ("person.admitted", None),
        ("person.released", "350203000000"),
        ("person.checked", "1"),
        ("person.released", "350203000000"),
        ("person.checked", "3"),
        ("person.admitted", None),
    ]


def test_notes_are_kept_by_their_names() -> None:
    """One stay's return says nothing of another's."""
    one = translator()
    one.translate(1, row(1, "out", "A"))

    (other,) = one.translate(2, row(2, "in", "B"))

    assert event(other)["type"] == "person.admitted"


def test_rows_without_an_event_are_told_apart() -> None:
    """Passed over on purpose, or met by no rule."""
    assert translator().translate(3, row(1, "print")) == [Passed(3, True)]
    assert translator().translate(4, row(1, "?")) == [Passed(4, False)]


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"nr": ""}, "missing_field", "nr"),
        ({"day": ""}, "missing_field", "day"),
        ({"day": "today"}, "wrong_time", "day"),
        ({"org": "35"}, "unknown_org", "org"),
        ({"org": ""}, "unknown_org", "org"),
        ({"org": "３５０２０３００００００"}, "unknown_org", "org"),
    ],
)
def test_a_row_that_makes_no_event_is_refused(
    cells: dict[str, str], code: str, column: str
) -> None:
    """With the row, the column and the reason; the next row is none the worse."""
    one = translator()

    (refused,) = one.translate(5, row(1, "out") | cells)

    assert isinstance(refused, Refused)
    assert (refused.row, refused.code, refused.path) == (5, code, column)
    assert event(one.translate(6, row(2, "in"))[0])["type"] == "person.admitted"


@given(histories)
def test_the_same_rows_give_the_same_events(history: list[tuple[str, str]]) -> None:
    """So an import that begins anew sends what it sent before, byte for byte."""
    first, again = translator(), translator()

    for n, (kind, stay) in enumerate(history):
        assert first.translate(n, row(n, kind, stay)) == again.translate(n, row(n, kind, stay))


@given(histories)
def test_every_row_has_an_outcome(history: list[tuple[str, str]]) -> None:
    """Nothing is dropped without a trace, and every correction names an event before it."""
    one = translator()
    ids: set[str] = set()

    for n, (kind, stay) in enumerate(history):
        (outcome,) = one.translate(n, row(n, kind, stay))
        if isinstance(outcome, Translated):
            corrects = event(outcome).get("corrects")
            assert corrects in ids | {None, "350203000000"}
            ids.add(outcome.id)
