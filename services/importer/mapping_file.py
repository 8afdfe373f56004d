"""A mapping file as written: YAML whose every scalar is text, each with its line.  Pure.

Text throughout, so that a code such as 350200000000 or NO stays what it is; a field that
needs a number or a yes/no says so with ``as``.  docs/import.md tells what each key means.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec
import yaml

from services.importer.errors import MappingInvalid

Path = tuple[str | int, ...]
Condition = dict[str, str | list[str]]
"""Column → the value, or the values, that it must have."""


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"as_": "as"}):
    """A value that is more than a template."""

    column: str
    values: str | dict[str, str] | None = None
    """A table of its own, or the name of one under ``values``."""
    otherwise: str | None = None
    as_: Literal["text", "number", "integer", "boolean", "list"] = "text"
    separator: str = ";"
    format: str | None = None
    """Makes it a time: ``iso``, or a format of strptime."""
    at: str | None = None
    """Time of day (HH:MM:SS) of a day without one."""
    not_before: Written | None = None
    """Another time; the later of the two counts."""


Value = str | Written
"""A template (``{column}`` is replaced, ``{{`` is a brace), or more."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event that a row gives when its conditions hold."""

    type: Value
    id: Value
    time: Written
    data: dict[str, Value]
    when: Condition = {}
    unless: Condition = {}
    recordedtime: Written | None = None
    receivedtime: Written | None = None
    sequence: Value | None = None
    corrects: Value | None = None
    """Id of the event that this one replaces; none where it is blank."""
    note: str | None = None
    """Keep this event's id under this name."""
    corrects_note: str | None = None
    """Only with such a note: this event replaces the one that was kept, and the note is gone."""
    unless_note: str | None = None
    """Only without such a note."""


class MappingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    source: Value
    """12-digit code of the organisation whose system the rows come from."""
    events: list[Rule]
    description: str = ""
    time_zone: str | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    values: dict[str, dict[str, str]] = {}
    ignore: Condition = {}
    """Rows that are passed over on purpose."""
    order_by: list[Written] = []
    """The order in which rows are taken; that of the file where nothing is said."""
    recordedtime: Written | None = None
    receivedtime: Written | None = None


class Source:
    """The file's name and the line of each of its keys, for what is said about it."""

    def __init__(self, file: str, lines: dict[Path, int]) -> None:
        self.file = file
        self._lines = lines

    def invalid(self, path: Path, reason: str) -> MappingInvalid:
        """An error at a key, or at the nearest key above it that stands in the file."""
        at = next(path[:n] for n in range(len(path), -1, -1) if path[:n] in self._lines)
        return MappingInvalid(self.file, self._lines[at], key_of(path), reason)


def key_of(path: Path) -> str:
    """A path as one reads it: ``events[0].data.org``."""
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path).removeprefix(".")


def parse(text: str, file: str) -> tuple[MappingFile, Source]:
    """The file and where its keys stand; raises MappingInvalid."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        reason = f"not YAML: {error.problem}"
        raise MappingInvalid(file, mark.line + 1 if mark else 1, "", reason) from None
    except yaml.YAMLError:
        raise MappingInvalid(file, 1, "", "not YAML: not readable text") from None
    lines: dict[Path, int] = {(): 1}
    if node is None:
        raise MappingInvalid(file, 1, "", "the file is empty")
    plain = _plain(node, (), lines, file)
    source = Source(file, lines)
    message = _mistake(plain)
    if message is not None:
        raise _wrong_shape(message, plain, source)
    return msgspec.convert(plain, MappingFile), source


def _mistake(plain: Any) -> str | None:
    try:
        msgspec.convert(plain, MappingFile)
    except msgspec.ValidationError as error:
        return str(error)
    return None


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int], file: str) -> Any:
    """Mappings, lists and text; fills in the lines."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*path, n), lines, file) for n, one in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise MappingInvalid(file, line, key_of(path), "a key is not text")
        below = (*path, key.value)
        if key.value in found:
            raise MappingInvalid(file, line, key_of(below), "this key stands twice")
        lines[below] = line
        found[key.value] = _plain(value, below, lines, file)
    return found


_AT = re.compile(r" - at `(?:key in )?\$(.*)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_SOME_KEY = "..."
_REASONS = {
    "Object missing required field": "is missing",
    "Object contains unknown field": "is not a key here",
}
_WORDS = {
    "`object`": "keys with values",
    "`array`": "a list",
    "`str`": "text",
    "`str | array`": "text or a list",
    "`str | object`": "text or keys with values",
}


def _wrong_shape(message: str, plain: Any, source: Source) -> MappingInvalid:
    """A decoder's message with the line of the key that it speaks of."""
    at = _AT.search(message)
    text = message[: at.start()] if at else message
    path: Path = ()
    for name, index in _STEP.findall(at.group(1) if at else ""):
        if index == _SOME_KEY:
            path += (_culprit(message, plain, path),)
        else:
            path += (int(index) if index else name,)
    for opening, reason in _REASONS.items():
        if text.startswith(opening):
            name = text.rpartition(" ")[2].strip("`")
            return source.invalid((*path, name), reason)
    for word, plainly in _WORDS.items():
        text = text.replace(word, plainly)
    return source.invalid(path, text)


def _culprit(message: str, plain: Any, path: Path) -> str:
    """The key below ``path`` that a message means: the one that alone brings it about."""
    there = plain
    for step in path:
        there = there[step]
    for key, value in there.items():
        if _mistake(_with(plain, path, {key: value})) == message:
            return str(key)
    return _SOME_KEY


def _with(plain: Any, path: Path, value: Any) -> Any:
    """The same tree with one place replaced."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        return [_with(one, rest, value) if n == first else one for n, one in enumerate(plain)]
    return {**plain, first: _with(plain[first], rest, value)}
