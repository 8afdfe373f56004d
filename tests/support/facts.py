"""Facts of any class for property tests, made from the fields that the class declares."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from schemas.classes import FactClass

FIRST = datetime(1990, 1, 2)  # noqa: DTZ001 - the strategy adds the zone
LAST = datetime(2026, 1, 1)  # noqa: DTZ001 - as above
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


def payloads(row: FactClass) -> st.SearchStrategy[dict[str, Any]]:
    """``data`` of that class as JSON would hold it: every required field, any of the others."""
    return _objects(row.struct)


def facts(row: FactClass) -> st.SearchStrategy[Any]:
    """Facts of that class."""
    return payloads(row).map(lambda data: msgspec.convert(data, row.struct))


def _objects(struct: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        kind = required if field.required else optional
        kind[field.name] = _values(inspect.type_info(field.type))
    return st.fixed_dictionaries(required, optional=optional)


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.Metadata(type=inner):
            return _values(inner)
        case inspect.UnionType(types=types):
            return st.one_of([_values(one) for one in types])
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.IntType(ge=least):
            return st.integers(0 if least is None else least, 10_000)
        case inspect.FloatType(ge=least, le=most):
            return st.floats(least or 0, 1000 if most is None else most)
        case inspect.DateTimeType():
            return MOMENTS.map(datetime.isoformat)
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(pattern.replace("$", r"\Z"))
        case inspect.StrType(min_length=least, max_length=most):
            return st.text(min_size=least or 0, max_size=min(most or 20, 20))
        case inspect.ListType(item_type=item):
            return st.lists(_values(item), max_size=3)
        case inspect.StructType(cls=struct):
            return _objects(struct)
    raise TypeError(f"no values are known for {kind}")
