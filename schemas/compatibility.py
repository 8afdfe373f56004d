"""Whether today's JSON Schemas still take all that the released ones took.

Evolution (DESIGN): new fields have defaults, types never change, a breaking change is a new
version with an upcast.  Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Schema = Mapping[str, Any]

_LOWER_IS_STRICTER = ("maxLength", "maxItems", "maximum", "exclusiveMaximum")
_HIGHER_IS_STRICTER = ("minLength", "minItems", "minimum", "exclusiveMinimum")


class Break(NamedTuple):
    """One way in which a schema refuses, or no longer says, what it used to."""

    file: str
    path: str
    """Field by field, as in the data: ``extensions[].until``; empty for the whole."""
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, {self.path}" if self.path else self.file
        return f"{where}: {self.reason}"


def breaks(released: Mapping[str, Schema], current: Mapping[str, Schema]) -> list[Break]:
    """Every break between two sets of schemas by file name; empty when compatible."""
    found = []
    for file, before in released.items():
        if file not in current:
            found.append(Break(file, "", "the whole schema was removed"))
            continue
        pair = _Pair(before, current[file])
        found.extend(Break(file, path, reason) for path, reason in pair.compare())
    return found


class _Pair:
    """A released schema and today's, each with its own definitions."""

    def __init__(self, before: Schema, now: Schema) -> None:
        self._before, self._now = before, now

    def compare(self) -> Iterator[tuple[str, str]]:
        yield from self._compare("", self._before, self._now)

    def _compare(self, path: str, before: Schema, now: Schema) -> Iterator[tuple[str, str]]:
        before, now = _resolved(before, self._before), _resolved(now, self._now)
        old, new = _by_type(before, self._before), _by_type(now, self._now)
        for kind in old.keys() - new.keys():
            if not (kind == "integer" and "number" in new):
                yield path, f"type changed: {kind} is no longer taken"
        for kind in sorted(old.keys() & new.keys()):
            yield from self._same_type(path, old[kind], new[kind])

    def _same_type(self, path: str, before: Schema, now: Schema) -> Iterator[tuple[str, str]]:
        yield from _values(path, before, now)
        yield from _limits(path, before, now)
        yield from self._fields(path, before, now)
        if "items" in before and isinstance(now.get("items"), Mapping):
            yield from self._compare(f"{path}[]", before["items"], now["items"])
        old, new = before.get("prefixItems", ()), now.get("prefixItems", ())
        if len(old) != len(new):
            yield path, "the number of items changed"
        for n, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from self._compare(f"{path}[{n}]", one, other)

    def _fields(self, path: str, before: Schema, now: Schema) -> Iterator[tuple[str, str]]:
        old, new = before.get("properties", {}), now.get("properties", {})
        for name, field in old.items():
            at = f"{path}.{name}" if path else name
            if name not in new:
                yield at, "field removed"
            else:
                yield from self._compare(at, field, new[name])
        for name in now.get("required", ()):
            if name not in before.get("required", ()):
                at = f"{path}.{name}" if path else name
                yield at, "required, but was not" if name in old else "required field added"
        if before.get("additionalProperties", True) and not now.get("additionalProperties", True):
            yield path, "unknown fields are no longer taken"


def _resolved(schema: Schema, root: Schema) -> Schema:
    """The schema that a local reference points to; a reference to another file stays."""
    while str(schema.get("$ref", "")).startswith("#/$defs/"):
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _by_type(schema: Schema, root: Schema) -> dict[str, Schema]:
    """The alternatives of a schema by JSON type; ``any`` where it names none."""
    found: dict[str, Schema] = {}
    for one in schema.get("anyOf", (schema,)):
        inner = _resolved(one, root)
        found[inner.get("type") or inner.get("$ref") or _type_of_values(inner)] = inner
    return found


def _type_of_values(schema: Schema) -> str:
    return "string" if "enum" in schema or "const" in schema else "any"


def _values(path: str, before: Schema, now: Schema) -> Iterator[tuple[str, str]]:
    if "enum" not in now:
        return
    if "enum" not in before:
        yield path, "any value was taken, now only some are"
        return
    for value in before["enum"]:
        if value not in now["enum"]:
            yield path, f"value removed: {value}"


def _limits(path: str, before: Schema, now: Schema) -> Iterator[tuple[str, str]]:
    for limit in (*_LOWER_IS_STRICTER, *_HIGHER_IS_STRICTER):
        if limit not in now:
            continue
        lower = limit in _LOWER_IS_STRICTER
        if limit not in before:
            yield path, f"{limit} added: {now[limit]}"
        elif (now[limit] < before[limit]) if lower else (now[limit] > before[limit]):
            yield path, f"{limit} is stricter: {before[limit]} became {now[limit]}"
    for word in ("pattern", "format"):
        if word in now and now[word] != before.get(word):
            yield path, f"{word} is new or changed: {now[word]}"
