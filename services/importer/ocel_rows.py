"""One object or event of an OCEL 2.0 document as rows of columns with text.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.importer.errors import ItemInvalid
from services.importer.rows import CELL_CHARACTERS, joined

Cells = dict[str, str]


def identity_of(item: Any) -> tuple[str, str]:
    """Id and type of an object or event; raises ItemInvalid."""
    return _text_of(item, "id"), _text_of(item, "type")


def event_row(item: Any, types: Mapping[str, str]) -> Cells:
    """The row of an event; ``types`` are those of all objects by id.  Raises ItemInvalid."""
    id_, type_ = identity_of(item)
    cells = {"kind": "event", "id": id_, "type": type_, "time": _text_of(item, "time")}
    for attribute in _list_of(item, "attributes"):
        cells[_column(attribute)] = _text(attribute.get("value"))
    return cells | _related(item, types)


def object_rows(item: Any, types: Mapping[str, str]) -> Iterator[Cells]:
    """The rows of an object, by the times of its attributes.  Raises ItemInvalid."""
    id_, type_ = identity_of(item)
    told: dict[str, Cells] = {}
    for attribute in _list_of(item, "attributes"):
        name = _column(attribute)
        told.setdefault(_text(attribute.get("time")), {})[name] = _text(attribute.get("value"))
    related = _related(item, types)
    for time, attributes in (told or {"": {}}).items():
        yield {"kind": "object", "id": id_, "type": type_, "time": time} | attributes | related


def _related(item: Any, types: Mapping[str, str]) -> Cells:
    found: dict[str, list[str]] = {}
    for n, relation in enumerate(_list_of(item, "relationships")):
        other = _text_of(relation, "objectId")
        if other not in types:
            raise ItemInvalid(f"relationships[{n}] names an object that the file does not have")
        qualifier = relation.get("qualifier")
        for column in (f"object:{types[other]}", f"qualifier:{_text(qualifier)}"):
            ids = found.setdefault(column, [])
            if other not in ids:
                ids.append(other)
    return {column: joined(ids) for column, ids in found.items()}


def _list_of(item: Any, key: str) -> list[dict[str, Any]]:
    found = item.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ItemInvalid(f"its {key} are no list of objects")
    return found


def _column(attribute: dict[str, Any]) -> str:
    return f"attr:{_text_of(attribute, 'name')}"


def _text_of(item: Any, key: str) -> str:
    if not isinstance(item, dict):
        raise ItemInvalid("is no object with keys")
    found = item.get(key)
    if not isinstance(found, str) or not found:
        raise ItemInvalid(f"has no {key}")
    return found


def _text(value: Any) -> str:
    """A value as the text of a cell; blank for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise ItemInvalid("a value is no text, number or yes and no")
    text = str(value)
    if len(text) > CELL_CHARACTERS:
        raise ItemInvalid(f"a value is longer than {CELL_CHARACTERS} characters")
    return text
