"""JSON Schema (2020-12) of the classes, the envelope, the records of the log and the receipts.

Written from the Structs themselves, so what a validator of another language accepts is what
the door accepts.  What JSON Schema has no word for stands in ``x-refers`` (the element whose
id a field holds), ``x-personal`` (sealed before it is stored), ``x-element`` and ``x-subject``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args, get_type_hints

import msgspec

from schemas.classes import CLASSES, FactClass
from schemas.envelope import CloudEvent, LogMark, LogRecord
from schemas.field_docs import field_docs
from schemas.receipts import Receipt

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FACTS = "facts"

Schema = dict[str, Any]


def fact_file(type_: str) -> str:
    """Where the schema of a class stands among the generated files."""
    return f"{FACTS}/{type_}.json"


def fact_schema(row: FactClass) -> Schema:
    """The schema of the ``data`` of one class."""
    schema = _struct_schema(row.struct)
    schema["title"] = row.type
    schema["description"] = schema["description"].removeprefix(f"{row.number} ")
    schema["x-element"] = row.element
    schema["x-subject"] = row.subject
    refers = {row.subject: row.element, **dict(row.references)}
    for name, field in schema["properties"].items():
        if name in refers:
            field["x-refers"] = refers[name]
        if name in row.personal:
            field["x-personal"] = True
    return schema


def cloud_event_schema() -> Schema:
    """The schema of one event as it comes in; its ``data`` is held to its ``type``."""
    schema = _struct_schema(CloudEvent)
    schema["properties"]["type"] = {
        "description": "One of the 25 classes.",
        "enum": list(CLASSES),
    }
    schema["properties"]["data"] = {"description": "What its class says.", "type": "object"}
    # CloudEvents lets anyone add attributes; the door keeps those that it doesn't know.
    schema["additionalProperties"] = True
    schema["allOf"] = [
        {
            "if": {"properties": {"type": {"const": type_}}, "required": ["type"]},
            "then": {"properties": {"data": {"$ref": fact_file(type_)}}},
        }
        for type_ in CLASSES
    ]
    return schema


def log_record_schema() -> Schema:
    """The schema of one fact on the log."""
    schema = _struct_schema(LogRecord)
    schema["properties"]["type"]["enum"] = list(CLASSES)
    return schema


def log_mark_schema() -> Schema:
    """The schema of a mark on the log."""
    return _struct_schema(LogMark)


def receipt_schema() -> Schema:
    """The schema of the answer to a message on Kafka."""
    return _struct_schema(Receipt)


def _struct_schema(struct: type[msgspec.Struct]) -> Schema:
    """What msgspec knows of a Struct, with the docs and the times that it leaves out."""
    (top,), components = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    for name, inner in _structs_within(struct).items():
        _describe(components[name], inner)
    schema = components.pop(top["$ref"].rpartition("/")[2])
    if components:
        schema["$defs"] = dict(sorted(components.items()))
    return {"$schema": DIALECT, **schema}


def _describe(schema: Schema, struct: type[msgspec.Struct]) -> None:
    """Let each field speak for itself, and say of plain datetimes that they are times."""
    docs, hints = field_docs(struct), get_type_hints(struct)
    for name, field in schema["properties"].items():
        inner = [one.pop("description", None) for one in field.get("anyOf", ())]
        said = docs.get(name) or field.pop("description", None) or next(filter(None, inner), None)
        if said:
            field["description"] = said
        if hints[name] is datetime:
            field["format"] = "date-time"


def _structs_within(hint: Any) -> dict[str, type[msgspec.Struct]]:
    """Every Struct that a type hint reaches, by name."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        found: dict[str, type[msgspec.Struct]] = {hint.__name__: hint}
        for inner in get_type_hints(hint).values():
            found.update(_structs_within(inner))
        return found
    return {n: s for inner in get_args(hint) for n, s in _structs_within(inner).items()}
