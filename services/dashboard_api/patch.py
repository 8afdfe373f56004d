"""RFC 7396 JSON merge patches between two frames.  Pure.

A merge patch means "remove" by null, so it cannot set a member to null.  A frame may hold
null (an unknown bucket of a trend); a change *to* null is refused here and the channel sends
the frame whole instead.
"""

from __future__ import annotations

from typing import Any

from services.dashboard_api.errors import NullInPatch

Json = Any
Object = dict[str, Json]
_ABSENT = object()


def diff(old: Object, new: Object, path: str = "") -> Object:
    """The smallest patch that makes ``new`` of ``old``; empty when nothing changed.

    Raises NullInPatch where only null would say it.
    """
    patch: Object = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key, _ABSENT)
        if before is value:
            continue  # Most numbers are small, and those are the same objects everywhere.
        if isinstance(value, dict):
            if isinstance(before, dict):
                inner = diff(before, value, f"{path}/{key}")
                if inner:
                    patch[key] = inner
            else:
                _refuse_null(value, f"{path}/{key}")
                patch[key] = value
        elif value is None:
            raise NullInPatch(f"{path}/{key}")
        elif before != value or type(before) is not type(value):
            patch[key] = value
    return patch


def apply(target: Json, patch: Json) -> Json:
    """``target`` after the patch, as RFC 7396 §2 says; leaves ``target`` as it was."""
    if not isinstance(patch, dict):
        return patch
    merged: Object = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = apply(merged.get(key), value)
    return merged


def _refuse_null(value: Object, path: str) -> None:
    for key, inner in value.items():
        if inner is None:
            raise NullInPatch(f"{path}/{key}")
        if isinstance(inner, dict):
            _refuse_null(inner, f"{path}/{key}")
