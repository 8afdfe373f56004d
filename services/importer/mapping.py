"""A mapping ready for use: checked against the 25 classes and the columns of the file.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import time, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from schemas.classes import CLASSES
from services.importer.cells import Cell, Looked, Row, Template, Time, Typed, items, yes_or_no
from services.importer.mapping_file import (
    Condition,
    MappingFile,
    Path,
    Rule,
    Source,
    Value,
    Written,
)

_CODE = re.compile(r"[0-9]{12}")


class Conditions:
    """Columns and the values that they must, or must not, have."""

    def __init__(self, must: Condition, must_not: Condition) -> None:
        self._must = _sets(must)
        self._must_not = _sets(must_not)

    def hold(self, row: Row) -> bool:
        """Whether a row meets all of them."""
        return all(row[c] in values for c, values in self._must.items()) and not any(
            row[c] in values for c, values in self._must_not.items()
        )


class Event(NamedTuple):
    """One event that a row may give."""

    conditions: Conditions
    attributes: dict[str, Cell]
    data: dict[str, Cell]
    note: Template | None
    corrects_note: Template | None
    unless_note: Template | None


class ReadyMapping(NamedTuple):
    """A mapping ready for use."""

    source: Cell
    events: list[Event]
    ignored: Conditions | None
    order: list[Cell]
    """By whose values the rows are to be sorted, the first counting most; none: as they are."""


def compiled(written: MappingFile, source: Source, columns: Sequence[str]) -> ReadyMapping:
    """The mapping for a file with these columns; raises MappingInvalid at the first mistake."""
    return _Compiler(written, source, columns).compile()


class _Compiler:
    def __init__(self, written: MappingFile, source: Source, columns: Sequence[str]) -> None:
        self._written = written
        self._source = source
        self._columns = columns
        self._zone = self._time_zone()

    def compile(self) -> ReadyMapping:
        written = self._written
        if not written.events:
            raise self._source.invalid(("events",), "there is no event")
        self._code(("source",), written.source)
        self._condition(("ignore",), written.ignore)
        return ReadyMapping(
            source=self._value(("source",), written.source),
            events=[self._event(("events", n), rule) for n, rule in enumerate(written.events)],
            ignored=Conditions(written.ignore, {}) if written.ignore else None,
            order=[self._ordering(n, value) for n, value in enumerate(written.order_by)],
        )

    def _ordering(self, n: int, value: Written) -> Cell:
        if value.as_ == "list":
            raise self._source.invalid(("order_by", n, "as"), "rows cannot be sorted by a list")
        return self._value(("order_by", n), value)

    def _time_zone(self) -> tzinfo | None:
        name = self._written.time_zone
        if name is None:
            return None
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            reason = f"{name!r} is no time zone; one is Asia/Shanghai"
            raise self._source.invalid(("time_zone",), reason) from None

    def _event(self, path: Path, rule: Rule) -> Event:
        self._condition((*path, "when"), rule.when)
        self._condition((*path, "unless"), rule.unless)
        self._fields(path, rule)
        attributes: dict[str, Cell] = {
            name: self._value((*path, name), value)
            for name in ("id", "type", "sequence", "corrects")
            if (value := getattr(rule, name)) is not None
        }
        if not attributes["id"].columns:
            raise self._source.invalid((*path, "id"), "names no column: all rows would be one")
        attributes["time"] = self._time((*path, "time"), rule.time)
        for name in ("recordedtime", "receivedtime"):
            own, common = getattr(rule, name), getattr(self._written, name)
            if own is not None:
                attributes[name] = self._time((*path, name), own)
            elif common is not None:
                attributes[name] = self._time((name,), common)
        return Event(
            conditions=Conditions(rule.when, rule.unless),
            attributes=attributes,
            data={f: self._value((*path, "data", f), v) for f, v in rule.data.items()},
            note=self._note(path, "note", rule.note),
            corrects_note=self._note(path, "corrects_note", rule.corrects_note),
            unless_note=self._note(path, "unless_note", rule.unless_note),
        )

    def _fields(self, path: Path, rule: Rule) -> None:
        """Hold the type (or each that a table can give) and its fields to the 25 classes."""
        for type_ in self._outcomes((*path, "type"), rule.type):
            row = CLASSES.get(type_)
            if row is None:
                reason = f"{type_!r} is none of the 25 classes"
                raise self._source.invalid((*path, "type"), reason)
            fields = msgspec.structs.fields(row.struct)
            known = [f.name for f in fields]
            for field in rule.data:
                if field not in known:
                    reason = f"{type_} has no such field (it has: {', '.join(known)})"
                    raise self._source.invalid((*path, "data", field), reason)
            for lacking in (f.name for f in fields if f.required and f.name not in rule.data):
                raise self._source.invalid((*path, "data"), f"{type_} needs the field {lacking}")

    def _code(self, path: Path, value: Value) -> None:
        for code in self._outcomes(path, value):
            if not _CODE.fullmatch(code):
                raise self._source.invalid(path, f"{code!r} is not a code of 12 digits")

    def _outcomes(self, path: Path, value: Value) -> Iterator[str]:
        """What a value can become, as far as the mapping tells."""
        if isinstance(value, str):
            if not self._template(path, value).columns:
                yield value
        elif value.values is not None:
            yield from self._table(path, value.values).values()
            if value.otherwise is not None:
                yield value.otherwise

    def _value(self, path: Path, value: Value) -> Cell:
        if isinstance(value, str):
            return self._template(path, value)
        if value.format is not None:
            return self._time(path, value)
        for name in ("at", "not_before"):
            if getattr(value, name) is not None:
                raise self._source.invalid((*path, name), "only a time, with a format, has this")
        self._column((*path, "column"), value.column)
        table = None if value.values is None else self._table(path, value.values)
        cell = Looked(value.column, table, value.otherwise)
        match value.as_:
            case "number":
                return Typed(cell, float, "a number")
            case "integer":
                return Typed(cell, int, "a whole number")
            case "boolean":
                return Typed(cell, yes_or_no, "a yes or no")
            case "list":
                return Typed(cell, items(value.separator), "a list")
        return cell

    def _time(self, path: Path, written: Written) -> Time:
        for name in ("values", "otherwise"):
            if getattr(written, name) is not None:
                raise self._source.invalid((*path, name), "a time has no table of values")
        self._column((*path, "column"), written.column)
        later = written.not_before
        return Time(
            written.column,
            form=written.format or "iso",
            at=self._time_of_day((*path, "at"), written.at),
            zone=self._zone,
            not_before=None if later is None else self._time((*path, "not_before"), later),
        )

    def _time_of_day(self, path: Path, text: str | None) -> time | None:
        if text is None:
            return None
        try:
            return time.fromisoformat(text)
        except ValueError:
            reason = f"{text!r} is no time of day; one is 23:59:59"
            raise self._source.invalid(path, reason) from None

    def _template(self, path: Path, text: str) -> Template:
        try:
            template = Template(text)
        except ValueError as error:
            raise self._source.invalid(path, str(error)) from None
        for column in template.columns:
            self._column(path, column)
        return template

    def _note(self, path: Path, name: str, text: str | None) -> Template | None:
        return None if text is None else self._template((*path, name), text)

    def _table(self, path: Path, values: str | dict[str, str]) -> Mapping[str, str]:
        if not isinstance(values, str):
            return values
        named = self._written.values.get(values)
        if named is None:
            there = ", ".join(self._written.values) or "none"
            reason = f"no table {values!r} stands under values (there: {there})"
            raise self._source.invalid((*path, "values"), reason)
        return named

    def _condition(self, path: Path, condition: Condition) -> None:
        for column in condition:
            self._column((*path, column), column)

    def _column(self, path: Path, column: str) -> None:
        if column not in self._columns:
            there = ", ".join(self._columns)
            raise self._source.invalid(path, f"the file has no column {column!r} (it has: {there})")


def _sets(condition: Condition) -> dict[str, frozenset[str]]:
    return {
        column: frozenset([values] if isinstance(values, str) else values)
        for column, values in condition.items()
    }
