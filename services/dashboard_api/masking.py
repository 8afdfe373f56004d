"""What identifies a person is not shown.  Pure.

The platform holds it sealed; here even the sealed text stays inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.classes import CLASSES

MASK = "***"


def masked(type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a fact with ``***`` for every field that identifies a person."""
    row = CLASSES.get(type_)
    personal = row.personal if row else tuple(data)
    return {
        field: MASK if field in personal and value is not None else value
        for field, value in data.items()
    }
