"""One Kafka message into what HTTP calls a request.  Pure.

The CloudEvents Kafka binding 1.0.2 knows two modes.  Structured: the value is the body of
``POST /v1/events``, its ``content-type`` a header.  Binary: the value is the event's ``data``,
each attribute a header ``ce_NAME``, and ``content-type`` says what the data are.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from services.ingest import bodies

Headers = Sequence[tuple[str, bytes | None]]

ATTRIBUTE_PREFIX = "ce_"
DATA_MEMBERS = ("data", "data_base64", "datacontenttype")
"""Members of an event in JSON that are no attributes of its own in the binary mode."""
_STRUCTURED = ("application/cloudevents", bodies.LINES)

_encoder = msgspec.json.Encoder()
_raw = msgspec.json.Decoder(msgspec.Raw)


class Request(NamedTuple):
    """A message as the HTTP door would have it."""

    authorization: str | None
    content_type: str | None
    encoding: str | None
    body: bytes


def request_of(headers: Headers, value: bytes) -> Request:
    """What a message asks for; whatever it holds, no exception comes out.

    Of headers with the same name the last counts.
    """
    named = {name.lower(): _text(text) for name, text in headers}
    content_type = named.get("content-type")
    if _is_binary(named, content_type):
        return Request(
            named.get("authorization"), bodies.SINGLE, None, _event(named, content_type, value)
        )
    return Request(named.get("authorization"), content_type, named.get("content-encoding"), value)


def _is_binary(named: dict[str, str], content_type: str | None) -> bool:
    if (content_type or "").strip().lower().startswith(_STRUCTURED):
        return False
    return any(name.startswith(ATTRIBUTE_PREFIX) for name in named)


def _event(named: dict[str, str], content_type: str | None, value: bytes) -> bytes:
    """The event in JSON, as the structured mode would have brought it."""
    members: dict[str, object] = {
        name.removeprefix(ATTRIBUTE_PREFIX): text
        for name, text in named.items()
        if name.startswith(ATTRIBUTE_PREFIX)
    }
    for name in DATA_MEMBERS:
        members.pop(name, None)
    if content_type is not None:
        members["datacontenttype"] = content_type
    return _encoder.encode(members | _data(value))


def _data(value: bytes) -> dict[str, object]:
    """The member that holds the data; JSON as it is, other bytes as CloudEvents writes them."""
    if not value:
        return {}
    try:
        return {"data": _raw.decode(value)}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"data_base64": b64encode(value).decode()}


def _text(value: bytes | None) -> str:
    """A header's value; bytes that are no UTF-8 stay tellable apart."""
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        return (value or b"").decode("latin-1")
