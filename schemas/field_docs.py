"""What each field of a Struct says of itself: the docstring below its line in the source.

msgspec carries ``Meta.description`` into JSON Schema, but not these; the JSON Schemas and
the page of the classes show both.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from functools import cache

import msgspec


def field_docs(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Docstring by field name, of the Struct and of those that it builds on."""
    found: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            found.update(_own(base))
    return found


@cache
def _own(struct: type[msgspec.Struct]) -> Mapping[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    if not isinstance(definition, ast.ClassDef):
        raise TypeError(f"{struct.__name__} is not defined by a class statement")
    found: dict[str, str] = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            found[field.target.id] = inspect.cleandoc(below.value.value)
    return found
