"""The raw bytes of one event into its envelope and its fact, or the reason why not.  Pure.

A refusal names the field (``data.officers[0]``) and the reason, and never repeats a value.  A
non-essential field that is blank never refuses an event: it counts as absent.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec

from schemas.classes import FactClass
from schemas.envelope import ATTRIBUTES, CloudEvent
from schemas.facts.fields import Fact

EVENT_BYTES = 2 * 1024 * 1024
"""Largest event.  The longest lists of the longest texts of a class take about half of it."""
EXTENSION_TEXT_MAX = 1000
PATH_MAX = 200

_ATTRIBUTE_NAME = re.compile(r"[a-z0-9]{1,60}")
_AT = re.compile(r" - at `(?:key )?\$\.?(.*?)`$")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_BLANK = re.compile(rb'null|"\s*"')

_event = msgspec.json.Decoder(CloudEvent)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw = msgspec.json.Decoder(msgspec.Raw)
_text = msgspec.json.Decoder(str)
_primitive = msgspec.json.Decoder(str | int | float | bool | None)
_any = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


class Refusal(NamedTuple):
    """Why an event is not taken in."""

    event_id: str | None
    code: str
    path: str
    message: str


Envelope = tuple[CloudEvent, dict[str, Any] | None]
"""The attributes that the platform reads, and the others."""


def decode_event(raw: bytes) -> Envelope | Refusal:
    """The envelope of one event; its ``data`` stays raw."""
    if len(raw) > EVENT_BYTES:
        return Refusal(None, "event_too_large", "", f"is larger than {EVENT_BYTES} bytes")
    try:
        return _event.decode(raw), None
    except msgspec.ValidationError:
        return _decode_again(raw)
    except _UNREADABLE:
        return Refusal(None, "not_json", "", "is not JSON")


def _decode_again(raw: bytes) -> Envelope | Refusal:
    """The slow way: set extension attributes and blanks aside, then decode once more."""
    try:
        _raw.decode(raw)
        members = _members.decode(raw)
    except msgspec.ValidationError:
        return Refusal(None, "not_cloudevent", "", "is not a JSON object")
    except _UNREADABLE:
        return Refusal(None, "not_json", "", "is not JSON")
    event_id = _id_in(members)
    extensions = _extensions(event_id, members)
    if isinstance(extensions, Refusal):
        return extensions
    kept = {
        name: value
        for name, value in members.items()
        if name in ATTRIBUTES and (name == "id" or not _BLANK.fullmatch(bytes(value)))
    }
    if _is_json_type(kept.get("datacontenttype")):
        del kept["datacontenttype"]
    try:
        return _event.decode(_encoder.encode(kept)), extensions or None
    except msgspec.ValidationError as error:
        refusal = _refusal(event_id, str(error), "")
        if refusal.code == "missing_field":
            return refusal._replace(code="not_cloudevent")
        return refusal
    except _UNREADABLE:
        return Refusal(event_id, "not_json", "", "is not JSON")


def _id_in(members: Mapping[str, msgspec.Raw]) -> str | None:
    try:
        return _text.decode(members["id"])
    except (KeyError, *_UNREADABLE):
        return None


def _extensions(
    event_id: str | None, members: Mapping[str, msgspec.Raw]
) -> dict[str, Any] | Refusal:
    """The attributes that the platform does not read; CloudEvents allows texts and numbers."""
    found: dict[str, Any] = {}
    for name, value in members.items():
        if name in ATTRIBUTES or _BLANK.fullmatch(bytes(value)):
            continue
        if not _ATTRIBUTE_NAME.fullmatch(name):
            path, reason = name[:PATH_MAX], "is no CloudEvents attribute name"
            return Refusal(event_id, "unknown_field", path, reason)
        try:
            found[name] = _primitive.decode(value)
        except _UNREADABLE:
            return Refusal(event_id, "wrong_type", name, "is no text, number or truth value")
        if len(value) > EXTENSION_TEXT_MAX:
            reason = f"is longer than {EXTENSION_TEXT_MAX} bytes"
            return Refusal(event_id, "wrong_type", name, reason)
    return found


def _is_json_type(value: msgspec.Raw | None) -> bool:
    """Whether a content type is JSON with parameters, as in ``application/json; charset=utf-8``."""
    try:
        name = "" if value is None else _text.decode(value)
    except _UNREADABLE:
        return False
    return name.partition(";")[0].strip().lower() == "application/json"


def decode_fact(event: CloudEvent, row: FactClass) -> Fact | Refusal:
    """The fact in ``data`` by the fields of its class."""
    data = bytes(event.data)
    try:
        fact = _decoder(row.struct).decode(data)
    except msgspec.ValidationError as error:
        again = _decode_without_blanks(data, row.struct, str(error))
        return _refusal(event.id, again, "data") if isinstance(again, str) else again
    except _UNREADABLE:
        return Refusal(event.id, "not_json", "data", "is not JSON")
    if b'""' in data:
        again = _decode_without_blanks(data, row.struct, "")
        return fact if isinstance(again, str) else again
    return fact


def _decode_without_blanks(data: bytes, struct: type[Fact], mistake: str) -> Fact | str:
    """The slow way: without what is blank; else the mistake to tell of."""
    with contextlib.suppress(*_UNREADABLE):
        plain = _any.decode(data)
        for lists in (True, False):
            try:
                kept = _encoder.encode(_without_blanks(plain, struct, lists))
                return _decoder(struct).decode(kept)
            except msgspec.ValidationError as error:
                mistake = str(error)
    return mistake


@cache
def _decoder(struct: type[Fact]) -> msgspec.json.Decoder[Fact]:
    return msgspec.json.Decoder(struct)


@cache
def _required(struct: type[Fact]) -> frozenset[str]:
    return frozenset(f.name for f in msgspec.structs.fields(struct) if f.required)


def _without_blanks(plain: Any, struct: type[Fact], lists: bool) -> Any:
    """``data`` without what is blank and not required; ``lists`` for blanks in lists as well."""
    if not isinstance(plain, dict):
        return plain
    required = _required(struct)
    return {
        name: _pruned(value, lists)
        for name, value in plain.items()
        if name in required or not _is_blank(value)
    }


def _pruned(value: Any, lists: bool) -> Any:
    if isinstance(value, dict):
        return {n: _pruned(v, lists) for n, v in value.items() if not _is_blank(v)}
    if isinstance(value, list):
        return [_pruned(v, lists) for v in value if not (lists and _is_blank(v))]
    return value


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


_REASONS: Mapping[str, tuple[str, str]] = {
    "Object missing required field `": ("missing_field", "is missing"),
    "Object contains unknown field `": ("unknown_field", "is not a field of this class"),
}


def _refusal(event_id: str | None, message: str, root: str) -> Refusal:
    """A decoder's message as code, path and reason."""
    at = _AT.search(message)
    path = _joined(root, at.group(1) if at else "")
    text = message[: at.start()] if at else message
    for opening, (code, reason) in _REASONS.items():
        if text.startswith(opening):
            return Refusal(event_id, code, _joined(path, text[len(opening) : -1]), reason)
    if "timezone" in text:
        return Refusal(event_id, "naive_time", path, "needs a zone offset (RFC 3339)")
    if text.startswith("Invalid enum value"):
        return Refusal(event_id, "wrong_value", path, "is none of the values of this field")
    return Refusal(event_id, "wrong_type", path, text)


def _joined(root: str, rest: str) -> str:
    rest = rest.lstrip(".")
    return (f"{root}.{rest}" if root and rest else root or rest)[:PATH_MAX]
