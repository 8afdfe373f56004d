"""Cells into values."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.importer.cells import Looked, Template, Time, Typed, items, yes_or_no
from services.importer.errors import RowRefused

NEW_YORK = ZoneInfo("America/New_York")
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = "%Y-%m-%d"


def moment(
    text: str,
    form: str = "iso",
    *,
    at: time | None = None,
    zone: ZoneInfo | None = SHANGHAI,
    least: str = "",
) -> datetime | None:
    """The time that a cell gives."""
    later = Time("least", form="iso", at=None, zone=zone, not_before=None)
    cell = Time("t", form=form, at=at, zone=zone, not_before=later)
    return cell.of({"t": text, "least": least})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("constant", "constant"),
        ("{a}", "1"),
        ("{a}/{b}", "1/2"),
        ("x{a}{{b}}", "x1{b}"),
        ("{a}-{blank}", "1-"),
        ("{blank}", None),
        ("x-{blank}{blank}", None),
        ("", None),
    ],
)
def test_templates(text: str, said: str | None) -> None:
    """Columns are replaced; a template whose columns are all blank says nothing."""
    assert Template(text).of({"a": "1", "b": "2", "blank": ""}) == said


@pytest.mark.parametrize("text", ["{", "}", "{}", "{a", "a}", "{a}}", "{{a}"])
def test_braces_hold_a_column_and_nothing_else(text: str) -> None:
    """A slip of the pen is no silent constant."""
    with pytest.raises(ValueError, match=r".+"):
        Template(text)


@given(st.text(st.characters(exclude_characters="{}"), min_size=1), st.text())
def test_what_stands_in_a_cell_is_never_read_as_a_template(column: str, cell: str) -> None:
    """Braces in the data are data."""
    assert Template("{" + column + "}").of({column: cell}) == (cell or None)


def test_a_column_through_a_table() -> None:
    """Known values are translated, a blank has a word of its own, others are refused."""
    table = {"MIN": "low", "": "none", "X": ""}

    looked = Looked("level", table)
    assert [looked.of({"level": v}) for v in ("MIN", "", "X")] == ["low", "none", None]
    with pytest.raises(RowRefused) as caught:
        looked.of({"level": "secret"})
    assert (caught.value.code, caught.value.column) == ("value_unknown", "level")
    assert "secret" not in str(caught.value)


def test_a_column_with_a_word_for_the_rest() -> None:
    """``otherwise`` stands in for what the table lacks, and for a blank."""
    assert Looked("a", {"1": "one"}, "other").of({"a": "9"}) == "other"
    assert Looked("a", None, "none").of({"a": ""}) == "none"
    assert Looked("a", {"1": "one"}).of({"a": ""}) is None
    assert Looked("a").of({"a": "9"}) == "9"


@pytest.mark.parametrize(
    ("cell", "text", "value"),
    [
        (Typed(Looked("a"), int, "a whole number"), "12", 12),
        (Typed(Looked("a"), float, "a number"), "1.5", 1.5),
        (Typed(Looked("a"), yes_or_no, "a yes or no"), "Yes", True),
        (Typed(Looked("a"), yes_or_no, "a yes or no"), "否", False),
        (Typed(Looked("a"), items(";"), "a list"), "x; y;;", ["x", "y"]),
        (Typed(Looked("a"), items(";"), "a list"), ";", None),
        (Typed(Looked("a"), int, "a whole number"), "", None),
    ],
)
def test_types(cell: Typed, text: str, value: object) -> None:
    """Text becomes what the field needs; a blank is no value."""
    assert cell.of({"a": text}) == value


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Typed(Looked("a"), int, "a whole number"), "1.5"),
        (Typed(Looked("a"), float, "a number"), "much"),
        (Typed(Looked("a"), yes_or_no, "a yes or no"), "perhaps"),
    ],
)
def test_other_types_are_refused(cell: Typed, text: str) -> None:
    """The column is named, its content is not."""
    with pytest.raises(RowRefused, match=r"a: is not a") as caught:
        cell.of({"a": text})
    assert caught.value.code == "wrong_type"
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2026-01-01T08:00:00", "iso", "2026-01-01T08:00:00+08:00"),
        ("2026-01-01 08:00", "iso", "2026-01-01T08:00:00+08:00"),
        ("2026-01-01T08:00:00Z", "iso", "2026-01-01T08:00:00+00:00"),
        ("2026年1月2日", "%Y年%m月%d日", "2026-01-02T00:00:00+08:00"),
        ("01/02/26 13.05 -0500", "%m/%d/%y %H.%M %z", "2026-01-02T13:05:00-05:00"),
    ],
)
def test_times(text: str, form: str, expected: str) -> None:
    """In any form, with its own offset or in the zone of the mapping."""
    found = moment(text, form)

    assert found is not None
    assert found.isoformat() == expected


def test_a_day_may_be_given_an_hour() -> None:
    """The end of a day in New York lies five hours ahead in winter, four in summer."""
    for day, hour in (("2025-07-01", 3), ("2025-12-01", 4)):
        end = moment(day, DAY, at=time(23, 59, 59), zone=NEW_YORK)
        assert end is not None
        assert (end.astimezone(UTC).hour, end.astimezone(UTC).minute) == (hour, 59)


def test_an_hour_that_comes_twice_is_its_first() -> None:
    """Clocks go back at 2:00 on 2 November 2025 in New York."""
    twice = moment("2025-11-02T01:30:00", zone=NEW_YORK)

    assert twice is not None
    assert twice.isoformat() == "2025-11-02T01:30:00-04:00"


def test_the_later_of_two_times_counts() -> None:
    """What must not lie before something else does not; a blank bounds nothing."""
    assert moment("2026-01-01", DAY, least="2026-01-01T09:00") == moment("2026-01-01T09:00")
    assert moment("2026-01-02", DAY, least="2026-01-01T09:00") == moment("2026-01-02T00:00")
    assert moment("2026-01-02", DAY, least="") == moment("2026-01-02T00:00")
    assert moment("", DAY, least="2026-01-01T09:00") is None


def test_a_time_in_another_form_is_refused() -> None:
    """The column and the form are named, the content is not."""
    with pytest.raises(RowRefused, match=r"t: is not a time in the form %Y-%m-%d") as caught:
        moment("yesterday", DAY)
    assert "yesterday" not in str(caught.value)


def test_a_time_needs_a_zone() -> None:
    """Nothing is guessed about where a clock hangs."""
    with pytest.raises(RowRefused, match=r"no offset"):
        moment("2026-01-01T08:00:00", zone=None)
