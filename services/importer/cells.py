"""From the cells of a row to the values of an event.  Pure.

A blank cell makes no value: the field is left out.  Errors name the column and never tell
what stands in the cell, which may be somebody's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, time, tzinfo
from typing import Any, Protocol

from services.importer.errors import RowRefused

Row = Mapping[str, str]

_PIECE = re.compile(r"(\{\{|\}\}|[^{}]+|\})|(\{)(?:([^{}]+)\})?")
_TRUE = frozenset({"true", "yes", "y", "1", "是", "有"})
_FALSE = frozenset({"false", "no", "n", "0", "否", "无"})


class Cell(Protocol):
    """Something that a row gives a value for."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        ...

    def of(self, row: Row) -> Any:
        """The value, None where the row has none; raises RowRefused."""
        ...


class Template:
    """Text with ``{column}`` in it; none where all its columns are blank."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for a brace that is not closed, or names nothing."""
        self._parts: list[tuple[str, str | None]] = []
        for literal, opened, column in _PIECE.findall(text):
            if literal in ("{{", "}}"):
                self._parts.append((literal[0], None))
            elif column:
                self._parts.append(("", column))
            elif opened or literal == "}":
                raise ValueError("a brace is open or empty; {column} is a column, {{ is a brace")
            else:
                self._parts.append((literal, None))
        self.columns: tuple[str, ...] = tuple(c for _, c in self._parts if c is not None)

    def of(self, row: Row) -> str | None:
        """The text."""
        if self.columns and not any(row[column] for column in self.columns):
            return None
        said = "".join(text + (row[column] if column else "") for text, column in self._parts)
        return said or None


class Looked:
    """A column, perhaps through a table of values."""

    def __init__(
        self, column: str, values: Mapping[str, str] | None = None, otherwise: str | None = None
    ) -> None:
        self.columns: tuple[str, ...] = (column,)
        self._values = values
        self._otherwise = otherwise

    def of(self, row: Row) -> str | None:
        """The cell, or what the table says of it (a blank too, where the table has one)."""
        (column,) = self.columns
        cell = row[column]
        if self._values is None:
            return cell or self._otherwise or None
        if cell in self._values:
            return self._values[cell] or None
        if self._otherwise is not None or not cell:
            return self._otherwise or None
        raise RowRefused("value_unknown", column, "the table of values does not have this value")


class Typed:
    """Text turned into a number, a yes or no, or a list."""

    def __init__(self, inner: Cell, turn: Callable[[str], Any], kind: str) -> None:
        self.columns: tuple[str, ...] = inner.columns
        self._inner = inner
        self._turn = turn
        self._kind = kind

    def of(self, row: Row) -> Any:
        """The value."""
        text = self._inner.of(row)
        if text is None:
            return None
        try:
            return self._turn(text)
        except ValueError:
            raise RowRefused("wrong_type", self.columns[0], f"is not {self._kind}") from None


class Time:
    """A moment with its zone."""

    def __init__(
        self,
        column: str,
        *,
        form: str,
        at: time | None,
        zone: tzinfo | None,
        not_before: Time | None,
    ) -> None:
        """``zone`` is that of times without an offset; an hour that comes twice is its first."""
        self.columns: tuple[str, ...] = (column,)
        if not_before:
            self.columns += not_before.columns
        self._form = form
        self._at = at
        self._zone = zone
        self._not_before = not_before

    def of(self, row: Row) -> datetime | None:
        """The moment."""
        column = self.columns[0]
        text = row[column]
        moment = self._read(column, text) if text else None
        least = self._not_before.of(row) if self._not_before else None
        if moment is None or least is None:
            return moment
        return max(moment, least)

    def _read(self, column: str, text: str) -> datetime:
        try:
            if self._form == "iso":
                moment = datetime.fromisoformat(text)
            else:
                moment = datetime.strptime(text, self._form)  # noqa: DTZ007 - zone comes below
        except ValueError:
            raise RowRefused(
                "wrong_time", column, f"is not a time in the form {self._form}"
            ) from None
        if self._at is not None:
            moment = datetime.combine(moment, self._at, moment.tzinfo)
        if moment.tzinfo is None:
            if self._zone is None:
                raise RowRefused("wrong_time", column, "has no offset, and no time_zone is given")
            moment = moment.replace(tzinfo=self._zone)
        return moment


def yes_or_no(text: str) -> bool:
    """A yes or no in one of the usual spellings; raises ValueError."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(word)


def items(separator: str) -> Callable[[str], list[str] | None]:
    """Splits a cell; blanks are no items."""
    return lambda text: [one for part in text.split(separator) if (one := part.strip())] or None
