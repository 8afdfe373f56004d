"""Statuses that a class can give, found by trying."""

from __future__ import annotations

import pytest

from schemas.classes import CLASSES
from schemas.moves import possible_statuses


@pytest.mark.parametrize(
    ("type_", "statuses"),
    [
        ("person.checked", set()),
        ("incident.dispatched", {"dispatched", "arrived"}),
        ("property.moved", {"stored", "lent", "missing"}),
        ("case.transferred", {"transferred", "returned", "closed"}),
        ("room.status_changed", {"idle", "occupied", "crowded", "unguarded", "offline"}),
        ("dossier.compiled", {"compiled", "incomplete"}),
    ],
)
def test_what_a_class_can_give(type_: str, statuses: set[str]) -> None:
    """Choices, single fields and pairs of fields are all tried."""
    assert possible_statuses(CLASSES[type_]) == statuses
