"""Rows in the order that a mapping asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.importer.cells import Looked, Time, Typed
from services.importer.errors import TableUnreadable
from services.importer.rows import NumberedRow
from services.importer.sorting import SortedRows

BY_TIME = Time("day", form="iso", at=None, zone=UTC, not_before=None)
BY_NUMBER = Typed(Looked("nr"), int, "a whole number")


class Given:
    """Rows from memory, numbered from 1."""

    path = Path("given.csv")
    columns = ("day", "nr")
    size_bytes = 0
    read_bytes = 0

    def __init__(self, rows: list[tuple[str, str] | None]) -> None:
        self._rows = rows
        self.is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.is_closed = True

    def rows(self) -> Iterator[NumberedRow]:
        """The rows."""
        for number, row in enumerate(self._rows, 1):
            yield NumberedRow(number, row and dict(zip(self.columns, row, strict=True)))


def in_order(rows: list[tuple[str, str] | None], run_bytes: int = 1_000_000) -> list[int]:
    """The numbers of the rows as they come."""
    with (
        TemporaryDirectory() as folder,
        SortedRows(
            Given(rows), [BY_TIME, BY_NUMBER], folder=Path(folder), run_bytes=run_bytes
        ) as found,
    ):
        return [row.number for row in found.rows()]


def test_rows_are_sorted_by_the_values_of_cells() -> None:
    """By moments and numbers, not by their text; the second where the first is the same."""
    rows = [("2026-01-02", "9"), ("2026-01-02", "10"), ("2026-01-01T23:00:00-02:00", "5"),
            ("2026-01-01", "10"), ("2026-01-01", "9")]  # fmt: skip

    assert in_order(list(rows)) == [5, 4, 1, 2, 3]


def test_what_cannot_be_read_comes_first_and_is_not_lost() -> None:
    """What is wrong with it is told when it is translated."""
    assert in_order([("2026-01-02", "1"), ("yesterday", "1"), None, ("", "2")]) == [3, 2, 4, 1]


def test_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    """Neither while it works nor afterwards, and the source is closed."""
    source = Given([("2026-01-02", "1"), ("2026-01-01", "1")])

    with SortedRows(source, [BY_TIME], folder=tmp_path, run_bytes=1) as found:
        assert list(tmp_path.iterdir()) == []
        assert found.size_bytes > found.read_bytes == 0
        assert len(list(found.rows())) == 2
        assert found.read_bytes == found.size_bytes

    assert list(tmp_path.iterdir()) == []
    assert source.is_closed


def test_a_broken_source_is_told(tmp_path: Path) -> None:
    """As it is without an order."""

    class Broken(Given):
        def rows(self) -> Iterator[NumberedRow]:
            yield NumberedRow(1, {"day": "2026-01-01", "nr": "1"})
            raise TableUnreadable("given.csv", 1, "the gzip stream is broken")

    with pytest.raises(TableUnreadable, match="after row 1"):
        SortedRows(Broken([]), [BY_TIME], folder=tmp_path)


days = st.integers(1, 5).map(lambda n: f"2026-01-0{n}") | st.just("")


@given(
    st.lists(st.none() | st.tuples(days, st.sampled_from(["1", "2", "10", "x"]))),
    st.integers(1, 500),
)
def test_any_rows_in_any_runs(rows: list[tuple[str, str] | None], run_bytes: int) -> None:
    """However many runs there are, it is what sorting in memory gives, ties in file order."""

    def key(number: int) -> tuple[str, int]:
        row = rows[number - 1]
        return (row[0], -1 if row[1] == "x" else int(row[1])) if row else ("", -1)

    expected = sorted(range(1, len(rows) + 1), key=key)

    assert in_order(rows, run_bytes) == expected
