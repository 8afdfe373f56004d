"""docs/classes.md: the 25 classes as a page, from the one table."""

from __future__ import annotations

from typing import Any

from schemas.classes import CLASSES, FactClass
from schemas.elements import ELEMENTS, Element
from schemas.json_schemas import fact_file, fact_schema
from schemas.moves import possible_statuses

_HEAD = """\
# The 25 classes

Written from `schemas/classes.py` by `make schemas`; a test holds it there.
Each fact is the `data` of one CloudEvent
([JSON Schema](../schemas/generated/cloud_event.json)). Every field that is not required may
be left out. 🔒 marks what identifies a person and is sealed before it
is stored; 👁 what lists and details show; → the thing that a field names.
A status is the fold of a thing's facts in the order in which they happened, see
[data.md](data.md).
"""


def classes_page() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for element in ELEMENTS.values():
        parts.append(_element(element))
        parts.extend(_fact(row) for row in CLASSES.values() if row.element == element.name)
    return "\n".join(parts)


def _element(element: Element) -> str:
    moved_by = {
        row.type: possible_statuses(row) for row in CLASSES.values() if row.element == element.name
    }
    lines = [
        f"## {element.character} {element.english}",
        "",
        f"The number on the wall is “{element.number_chinese}” ({element.number_english}):"
        " things whose status counts.",
        "",
        "| status | | counts | usually after | given by |",
        "|---|---|---|---|---|",
    ]
    for status in element.statuses:
        before = [s.name for s in element.statuses if s.name in status.follows]
        new = ["nothing"] if "" in status.follows else []
        by = [f"`{type_}`" for type_, given in moved_by.items() if status.name in given]
        lines.append(
            f"| `{status.name}` | {status.chinese} | {'yes' if status.active else 'no'}"
            f" | {', '.join(new + before) or 'any'} | {', '.join(by)} |"
        )
    if any(status.follows for status in element.statuses):
        lines += ["", "Any other move is applied all the same and counted as unusual."]
    return "\n".join([*lines, ""])


def _fact(row: FactClass) -> str:
    schema = fact_schema(row)
    given = sorted(possible_statuses(row))
    says = f"Speaks for {', '.join(f'`{s}`' for s in given)}." if given else "Moves nothing."
    slot = f" Facts of different `{row.slot}` hold beside one another." if row.slot else ""
    lines = [
        f"### {row.number}. {row.chinese} `{row.type}`",
        "",
        f"{schema['description']} {says}{slot}"
        f" [JSON Schema](../schemas/generated/{fact_file(row.type)})",
        "",
        "| field | type | required | |",
        "|---|---|---|---|",
    ]
    for name, field in schema["properties"].items():
        required = "yes" if name in schema["required"] else ""
        lines.append(f"| `{name}` | {_type(field)} | {required} | {_remarks(row, name, field)} |")
    return "\n".join([*lines, ""])


def _remarks(row: FactClass, name: str, field: dict[str, Any]) -> str:
    marks = [field.get("description", "")]
    if "x-refers" in field:
        marks.append(f"→ {field['x-refers']}")
    if name in row.personal:
        marks.append("🔒")
    if name in row.shows:
        marks.append("👁")
    return " ".join(mark for mark in marks if mark)


def _type(field: dict[str, Any]) -> str:
    """A field's type in words: ``text``, ``time``, ``list of text``, its values."""
    for kind in field.get("anyOf", ()):
        if kind.get("type") != "null":
            return _type(kind)
    if "enum" in field:
        return " ".join(f"`{value}`" for value in field["enum"])
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if field["type"] == "array":
        return f"list of {_type(field['items'])}"
    if field.get("format") == "date-time":
        return "time"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes/no"}
    return words[field["type"]]
