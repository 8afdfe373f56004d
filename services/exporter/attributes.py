"""Which fields of the 25 classes leave the house, and as what type of OCEL 2.0.  Pure.

Named one by one, so that a new field stays inside until somebody decides otherwise: times,
numbers, choices and words of the procedure.  Left out are whatever identifies a human being
or tells of body and health, free text, and the numbers of officers (PIPL 28, 34).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args, get_type_hints

from schemas.classes import CLASSES, FactClass
from schemas.elements import ELEMENTS

Described = dict[str, Any]

_FIELDS = {
    "incident.received": "channel received_at category urgent",
    "incident.dispatched": "sent_at accepted_at arrived_at",
    "incident.disposed": "result_code fed_back_at",
    "incident.verified": "verdict timely disposal_right recording_complete acceptance_right"
    " should_have_been_opened caller_satisfied",
    "person.admitted": "arrival_mode arrived_at admitted_at legal_basis limit_h case_reason"
    " measure risk_level",
    "person.searched": "start end",
    "person.sampled": "",
    "person.moved": "to_kind at method",
    "person.checked": "at state food rest risk_level measure case_reason next_due",
    "person.interviewed": "kind start end",
    "person.rights_given": "right_code at means signed",
    "person.released": "left_at destination items_returned",
    "property.seized": "category quantity unit seized_at",
    "property.stored": "handed_at store",
    "property.moved": "action due_back count_result",
    "property.disposed": "action at",
    "case.accepted": "decision type case_reason accepted_at opened_at",
    "case.measured": "measure start expiry",
    "case.documented": "doc_type state submitted_at approved_at",
    "case.decided": "decision procedure consent decided_at served_at",
    "case.transferred": "result to_org at closed_at",
    "room.status_changed": "zone kind occupancy capacity guard online door",
    "recording.status_changed": "channel state gap_from gap_to clock_offset_s disk_left",
    "dossier.compiled": "kind pages due_at",
    "dossier.moved": "action due_back at",
}
EXPORTED: dict[str, tuple[str, ...]] = {
    type_: tuple(fields.split()) for type_, fields in _FIELDS.items()
}
"""The fields of each class that an exported event has, beside ``COMMON``."""

COMMON = {"org": "string", "sender": "string", "recorded_at": "time", "received_at": "time"}
"""What every event has: the responsible and the sending organisation, and the other two times."""
OF_OBJECTS = {"status": "string", "org": "string"}
"""What an object has, each with the time from which it held."""

_OCEL_TYPES = {datetime: "time", bool: "boolean", int: "integer", float: "float"}


def object_types() -> list[Described]:
    """The six elements as OCEL's object types."""
    return [{"name": name, "attributes": _described(OF_OBJECTS)} for name in ELEMENTS]


def event_types() -> list[Described]:
    """The 25 classes as OCEL's event types, in their order."""
    return [
        {"name": type_, "attributes": _described(COMMON | field_types(row))}
        for type_, row in CLASSES.items()
    ]


def field_types(row: FactClass) -> dict[str, str]:
    """The exported fields of a class, each with its type of OCEL 2.0."""
    hints = get_type_hints(row.struct)
    return {field: _ocel_type(hints[field]) for field in EXPORTED[row.type]}


def _ocel_type(hint: Any) -> str:
    kinds = {part for part in (hint, *get_args(hint)) if isinstance(part, type)}
    return next((name for kind, name in _OCEL_TYPES.items() if kind in kinds), "string")


def _described(types: dict[str, str]) -> list[Described]:
    return [{"name": name, "type": type_} for name, type_ in types.items()]
