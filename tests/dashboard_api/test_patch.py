"""Merge patches: what diff says, apply does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dashboard_api.errors import NullInPatch
from services.dashboard_api.patch import apply, diff

KEYS = st.text(max_size=3)
LEAVES = st.one_of(
    st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=3)
)
OBJECTS = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=4),
    lambda inner: st.dictionaries(KEYS, LEAVES | inner, max_size=4),
    max_leaves=20,
)
NULLS = st.recursive(
    st.dictionaries(KEYS, LEAVES | st.none(), max_size=4),
    lambda inner: st.dictionaries(KEYS, LEAVES | st.none() | inner, max_size=4),
    max_leaves=20,
)


@given(OBJECTS, OBJECTS)
def test_the_patch_makes_the_new_of_the_old(old: Any, new: Any) -> None:
    """For any two frames without null: apply(old, diff(old, new)) == new."""
    assert apply(old, diff(old, new)) == new


@given(NULLS, NULLS)
def test_a_patch_is_right_or_refused(old: Any, new: Any) -> None:
    """With nulls about, a diff that is not refused still makes the new of the old."""
    try:
        patch = diff(old, new)
    except NullInPatch:
        return
    assert apply(old, patch) == new


@given(NULLS)
def test_nothing_changed_is_an_empty_patch(frame: Any) -> None:
    """A frame differs in nothing from itself, nulls included."""
    assert diff(frame, frame) == {}


def test_a_new_null_cannot_be_said() -> None:
    """A member that becomes null is refused with its path."""
    with pytest.raises(NullInPatch) as refused:
        diff({"trend": {"a": 1}}, {"trend": {"a": 1, "b": None}})
    assert refused.value.path == "/trend/b"


def test_true_is_not_one() -> None:
    """JSON's true and 1 differ, though Python's are equal."""
    assert diff({"a": 1}, {"a": True}) == {"a": True}


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    """RFC 7396, appendix A."""
    assert apply(target, patch) == result
