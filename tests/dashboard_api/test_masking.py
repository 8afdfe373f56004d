"""What identifies a person does not leave the server."""

from __future__ import annotations

import pytest

from schemas.classes import CLASSES
from services.dashboard_api.masking import MASK, masked


@pytest.mark.parametrize("type_", sorted(CLASSES))
def test_every_personal_field_of_every_class_is_masked(type_: str) -> None:
    """Fields that identify a person read ***, all others as they are."""
    row = CLASSES[type_]
    data = {field: f"value of {field}" for field in row.struct.__struct_fields__}

    told = masked(type_, data)

    assert {field for field, value in told.items() if value == MASK} == set(row.personal)
    assert {f: v for f, v in told.items() if f not in row.personal} == {
        f: v for f, v in data.items() if f not in row.personal
    }


def test_a_class_of_tomorrow_is_masked_whole() -> None:
    """Of a class that this server does not know, nothing is shown."""
    assert masked("person.cloned", {"name": "x"}) == {"name": MASK}


def test_nothing_is_made_up() -> None:
    """A field that was not given stays null."""
    assert masked("person.admitted", {"name": None}) == {"name": None}
