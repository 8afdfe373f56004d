"""What leaves the house is named, and names nobody."""

from __future__ import annotations

import inspect
from typing import Any, get_args, get_type_hints

import pytest

from schemas.classes import CLASSES, FactClass
from schemas.facts.fields import PoliceNumber, PoliceNumbers
from services.exporter.attributes import EXPORTED, event_types, field_types, object_types

HEALTH = {"injuries", "drink", "illness", "medical_result", "medicine", "special_groups"}
NAMES = {"guardian", "interpreter", "handover_sign", "place", "prior_id", "sex", "age_band"}


def test_every_class_is_decided() -> None:
    """A new class is exported with the fields that somebody chose for it."""
    assert list(EXPORTED) == list(CLASSES)


@pytest.mark.parametrize("row", CLASSES.values(), ids=CLASSES)
def test_nobody_is_named(row: FactClass) -> None:
    """No sealed field, no officer's number, nothing of body, health or free text."""
    hints = get_type_hints(row.struct, include_extras=True)
    officers = {
        field for field, hint in hints.items() if {PoliceNumber, PoliceNumbers} & _parts(hint)
    }

    assert not set(EXPORTED[row.type]) & {*row.personal, *officers, *HEALTH, *NAMES, "evidence"}
    assert set(EXPORTED[row.type]) <= hints.keys()


def _parts(hint: Any) -> set[Any]:
    return {hint, *get_args(hint)} if not inspect.isclass(hint) else {hint}


def test_the_types_are_those_of_the_standard() -> None:
    """As the fields are declared."""
    assert field_types(CLASSES["property.seized"]) == {
        "category": "string", "quantity": "float", "unit": "string", "seized_at": "time",
    }  # fmt: skip
    assert field_types(CLASSES["incident.verified"])["verdict"] == "string"
    assert field_types(CLASSES["room.status_changed"])["occupancy"] == "integer"
    assert field_types(CLASSES["room.status_changed"])["guard"] == "boolean"
    assert len(event_types()) == 25
    assert [one["name"] for one in object_types()] == [
        "incident", "person", "property", "case", "place", "dossier",
    ]  # fmt: skip
