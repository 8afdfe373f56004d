"""Docstrings of fields, read from the source."""

from __future__ import annotations

import msgspec
import pytest

from schemas.field_docs import field_docs


class Base(msgspec.Struct, kw_only=True):
    """A base."""

    a: int
    """The first."""
    b: int
    c: int = 0
    """The third,

    at some length.
    """


class Built(Base, kw_only=True):
    """Builds on it."""

    d: int = 0
    """The fourth."""
    a: int = 1
    """The first, said anew."""


def test_docstrings_below_fields_are_found() -> None:
    """By name; a field without one has none."""
    assert field_docs(Base) == {"a": "The first.", "c": "The third,\n\nat some length."}


def test_a_base_speaks_unless_it_is_overruled() -> None:
    """Inherited fields keep their docs, redeclared ones take the new."""
    assert field_docs(Built) == {
        "a": "The first, said anew.",
        "c": "The third,\n\nat some length.",
        "d": "The fourth.",
    }


def test_a_struct_without_source_is_an_error() -> None:
    """Nothing is documented silently as nothing."""
    made = msgspec.defstruct("Made", ["a"])
    with pytest.raises((OSError, TypeError)):
        field_docs(made)
