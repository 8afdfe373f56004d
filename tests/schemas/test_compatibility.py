"""The checker finds what would break a sender or a reader, and nothing else."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from schemas.compatibility import Break, breaks
from schemas.generate import json_schemas
from schemas.generated_files import released

TODAY = json_schemas()
OLD: dict[str, Any] = {
    "title": "case.measured",
    "type": "object",
    "properties": {
        "case_no": {"type": "string", "minLength": 1, "maxLength": 64},
        "days": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        "result": {"enum": ["open", "closed"]},
        "extensions": {
            "anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Extension"}}, {"type": "null"}]
        },
        "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "string"}]},
    },
    "required": ["case_no"],
    "$defs": {
        "Extension": {
            "type": "object",
            "properties": {"until": {"type": "string", "format": "date-time"}},
            "required": ["until"],
        }
    },
}


def changed(**fields: Any) -> dict[str, Any]:
    """The schema with fields replaced, or removed where None."""
    new = deepcopy(OLD)
    for name, field in fields.items():
        if field is None:
            del new["properties"][name]
        else:
            new["properties"][name] = field
    return new


def found(new: dict[str, Any]) -> list[tuple[str, str]]:
    """Breaks of one schema as (path, reason)."""
    return [(one.path, one.reason) for one in breaks({"a.json": OLD}, {"a.json": new})]


def test_todays_schemas_are_compatible_with_the_last_release() -> None:
    """Whoever speaks the released language is still understood."""
    before = released()

    assert len(before) == 27
    assert [str(one) for one in breaks(before, TODAY)] == []


def test_the_same_is_compatible() -> None:
    """Nothing changed, nothing broken."""
    assert breaks({"a.json": OLD}, {"a.json": OLD, "b.json": {}}) == []


@pytest.mark.parametrize(
    "new",
    [
        changed(note={"type": "string"}),
        changed(result={"enum": ["open", "closed", "returned"]}),
        changed(case_no={"type": "string", "maxLength": 99}),
        changed(case_no={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        changed(days={"type": ["integer"], "anyOf": [{"type": "number"}, {"type": "null"}]}),
        {**OLD, "required": []},
        {**OLD, "description": "Said in other words."},
    ],
)
def test_wider_is_compatible(new: dict[str, Any]) -> None:
    """New optional fields, more values, looser limits, other words."""
    assert found(new) == []


@pytest.mark.parametrize(
    ("new", "path", "reason"),
    [
        (changed(days=None), "days", "field removed"),
        (changed(days={"type": "string"}), "days", "type changed: integer is no longer taken"),
        (changed(days={"type": "integer"}), "days", "type changed: null is no longer taken"),
        (changed(result={"enum": ["open"]}), "result", "value removed: closed"),
        (changed(case_no={"type": "string", "minLength": 1, "maxLength": 32}), "case_no",
         "maxLength is stricter: 64 became 32"),
        (changed(case_no={"type": "string", "minLength": 2, "maxLength": 64}), "case_no",
         "minLength is stricter: 1 became 2"),
        (changed(days={"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]}), "days",
         "minimum added: 0"),
        (changed(case_no={"type": "string", "pattern": "^A"}), "case_no",
         "pattern is new or changed: ^A"),
        (changed(case_no={"enum": ["A1"]}), "case_no", "any value was taken, now only some are"),
        (changed(pair={"type": "array", "prefixItems": [{"type": "string"}]}), "pair",
         "the number of items changed"),
        (changed(pair={"type": "array",
                       "prefixItems": [{"type": "string"}, {"type": "integer"}]}), "pair[1]",
         "type changed: string is no longer taken"),
        ({**OLD, "required": ["case_no", "days"]}, "days", "required, but was not"),
        ({**changed(approver={"type": "string"}), "required": ["case_no", "approver"]},
         "approver", "required field added"),
        ({**OLD, "additionalProperties": False}, "", "unknown fields are no longer taken"),
        ({**OLD, "$defs": {"Extension": {"type": "object", "properties": {
            "until": {"type": "integer"}}, "required": ["until"]}}}, "extensions[].until",
         "type changed: string is no longer taken"),
        ({**OLD, "$defs": {"Extension": {"type": "object", "properties": {
            "until": {"type": "string", "format": "date-time"}, "by": {"type": "string"}},
            "required": ["until", "by"]}}}, "extensions[].by", "required field added"),
    ],
)  # fmt: skip
def test_stricter_is_a_break(new: dict[str, Any], path: str, reason: str) -> None:
    """Each break is named with its field and in plain words."""
    assert (path, reason) in found(new)


def test_a_removed_schema_is_a_break() -> None:
    """A class does not disappear."""
    (gone,) = breaks({"a.json": OLD}, {})

    assert gone == Break("a.json", "", "the whole schema was removed")
    assert str(gone) == "a.json: the whole schema was removed"
    assert str(Break("a.json", "days", "field removed")) == "a.json, days: field removed"


@pytest.mark.parametrize("name", sorted(TODAY))
def test_every_schema_is_looked_into(name: str) -> None:
    """Each field of each real schema is compared: its removal is found."""
    for field in TODAY[name]["properties"]:
        new = deepcopy(TODAY[name])
        del new["properties"][field]
        assert field in [one.path for one in breaks({name: TODAY[name]}, {name: new})]
