"""Which statuses the facts of a class can speak for, found by trying its fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations, product
from typing import Any

import msgspec
from msgspec import inspect

from schemas.classes import FactClass

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
AT_ONCE = 2
"""No move looks at more optional fields than this, choices among named values aside."""


def possible_statuses(row: FactClass) -> frozenset[str]:
    """Every status that some fact of the class gives its thing."""
    fields = {f.name: f for f in msgspec.structs.fields(row.struct)}
    values = {name: _values(f.type) for name, f in fields.items()}
    chosen = [n for n, f in fields.items() if f.required or _is_choice(f.type)]
    others = [n for n in fields if n not in chosen]
    for name in chosen:
        values[name] += [] if fields[name].required else [None]
    found = set()
    for base in product(*(values[name] for name in chosen)):
        required = dict(zip(chosen, base, strict=True))
        for extra in _few(others, values):
            found.add(row.moves(row.struct(**required, **extra)))
    return frozenset(status for status in found if status is not None)


def _few(names: list[str], values: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for n in range(AT_ONCE + 1):
        for some in combinations(names, n):
            for tried in product(*(values[name] for name in some)):
                yield dict(zip(some, tried, strict=True))


def _alternatives(hint: Any) -> list[inspect.Type]:
    info = inspect.type_info(hint)
    parts = info.types if isinstance(info, inspect.UnionType) else (info,)
    return [p.type if isinstance(p, inspect.Metadata) else p for p in parts]


def _is_choice(hint: Any) -> bool:
    return any(isinstance(a, inspect.LiteralType) for a in _alternatives(hint))


def _values(hint: Any) -> list[Any]:
    """A few telling values of a field's type."""
    found: list[Any] = []
    for kind in _alternatives(hint):
        match kind:
            case inspect.LiteralType(values=values):
                found.extend(values)
            case inspect.BoolType():
                found.extend((True, False))
            case inspect.IntType() | inspect.FloatType():
                found.extend((0, 1, 2))
            case inspect.DateTimeType():
                found.append(_MOMENT)
            case inspect.ListType():
                found.extend(([], ["1"]))
            case inspect.StrType():
                found.append("1")
            case inspect.NoneType():
                pass
            case _:
                raise TypeError(f"no values are known for {kind}")
    return found
