"""Admission: the raw bytes of one event into a fact, or the reason why not.  Pure.

A refusal names the field (``data.officers[0]``) and the reason.  A non-essential field that
is blank never refuses an event: it counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from schemas.classes import CLASSES, FactClass
from schemas.envelope import ATTRIBUTES, CloudEvent
from schemas.facts.fields import TEXT_MAX, Fact
from schemas.organisations import Organisations

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=5)
"""How far a centre's clock may run ahead of ours."""
SEQUENCE_MAX = 2**63 - 1

_ATTRIBUTE_NAME = re.compile(r"[a-z0-9]{1,60}")
_AT = re.compile(r" - at `(?:key )?\$\.?(.*?)`$")
_event = msgspec.json.Decoder(CloudEvent)
_any = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


class Refusal(NamedTuple):
    """Why an event is not taken in."""

    event_id: str | None
    code: str
    path: str
    message: str


class Admissible(NamedTuple):
    """An event that may be recorded."""

    event: CloudEvent
    row: FactClass
    fact: Fact
    sender: str
    sequence: int | None
    extensions: dict[str, Any] | None
    key: bytes
    """Idempotency key: (source, id)."""


class Rights(NamedTuple):
    """What the sender's token allows."""

    scope: str
    may_state_received: bool


def admit(
    raw: bytes, rights: Rights, organisations: Organisations, now: datetime
) -> Admissible | Refusal:
    """Decode and check one event."""
    decoded = _decode(raw)
    if isinstance(decoded, Refusal):
        return decoded
    event, extensions = decoded
    row = CLASSES.get(event.type)
    if row is None:
        return Refusal(event.id, "unknown_class", "type", "is none of the 25 classes")
    fact = _decode_data(event, row)
    if isinstance(fact, Refusal):
        return fact
    too_long = next((f for f in row.personal if len(getattr(fact, f) or "") > TEXT_MAX), None)
    if too_long:
        return Refusal(event.id, "wrong_type", f"data.{too_long}", f"is over {TEXT_MAX} characters")
    sender = event.source[6:]
    wrong = _wrong_org(event, fact, sender, rights, organisations) or _wrong_time(
        event, rights, now
    )
    if wrong:
        return wrong
    sequence = _sequence(event)
    if isinstance(sequence, Refusal):
        return sequence
    if event.corrects == event.id:
        return Refusal(event.id, "correction_of_itself", "corrects", "names the event itself")
    return Admissible(
        event, row, fact, sender, sequence, extensions, key_of(event.source, event.id)
    )


def key_of(source: str, id_: str) -> bytes:
    """The idempotency key of (source, id), 16 bytes."""
    return blake2b(f"{source}\0{id_}".encode(), digest_size=16).digest()


def corrected_key(admissible: Admissible) -> bytes | None:
    """The idempotency key of the event that this one replaces."""
    event = admissible.event
    return key_of(event.source, event.corrects) if event.corrects else None


def digest_of(admissible: Admissible, secret: bytes) -> bytes:
    """A keyed digest of what an event says; equal for the same content however it is spelt."""
    event = admissible.event
    said = (event.type, event.time, event.recordedtime, event.corrects, admissible.fact)
    return blake2b(_encoder.encode(said), digest_size=16, key=secret).digest()


def _decode(raw: bytes) -> tuple[CloudEvent, dict[str, Any] | None] | Refusal:
    try:
        return _event.decode(raw), None
    except msgspec.ValidationError as error:
        return _decode_again(raw, error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Refusal(None, "not_json", "", "is not JSON")


def _decode_again(
    raw: bytes, error: msgspec.ValidationError
) -> tuple[CloudEvent, dict[str, Any] | None] | Refusal:
    """The slow way: set extension attributes and blanks aside, then decode once more."""
    plain = _any.decode(raw)
    if not isinstance(plain, dict):
        return Refusal(None, "not_cloudevent", "", "is not a JSON object")
    event_id = plain["id"] if isinstance(plain.get("id"), str) else None
    extensions = {k: v for k, v in plain.items() if k not in ATTRIBUTES}
    badly_named = next((k for k in extensions if not _ATTRIBUTE_NAME.fullmatch(k)), None)
    if badly_named is not None:
        return Refusal(
            event_id, "unknown_field", badly_named[:60], "is no CloudEvents attribute name"
        )
    kept = {k: v for k, v in plain.items() if k in ATTRIBUTES and (v != "" or k == "id")}
    try:
        event = msgspec.json.decode(_encoder.encode(kept), type=CloudEvent)
    except msgspec.ValidationError as again:
        refusal = _refusal(event_id, str(again), "")
        if refusal.code == "missing_field":
            return refusal._replace(code="not_cloudevent")
        return refusal
    return event, extensions or None


def _decode_data(event: CloudEvent, row: FactClass) -> Fact | Refusal:
    try:
        return _decoder(row.struct).decode(event.data)
    except msgspec.ValidationError as error:
        first = error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Refusal(event.id, "not_json", "data", "is not JSON")
    plain = _any.decode(event.data)
    blank = _optional(row.struct)
    if isinstance(plain, dict) and any(plain.get(f, 0) in ("", None) for f in blank):
        kept = {k: v for k, v in plain.items() if k not in blank or v not in ("", None)}
        try:
            return _decoder(row.struct).decode(_encoder.encode(kept))
        except msgspec.ValidationError as again:
            first = again
    return _refusal(event.id, str(first), "data")


@cache
def _decoder(struct: type[Fact]) -> msgspec.json.Decoder[Fact]:
    return msgspec.json.Decoder(struct)


@cache
def _optional(struct: type[Fact]) -> frozenset[str]:
    return frozenset(f.name for f in msgspec.structs.fields(struct) if not f.required)


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
    return f"{root}.{rest}" if root and rest else root or rest


def _wrong_org(
    event: CloudEvent, fact: Fact, sender: str, rights: Rights, organisations: Organisations
) -> Refusal | None:
    for path, code in (("source", sender), ("data.org", fact.org)):
        if code is None:
            continue
        if not organisations.knows(code):
            return Refusal(event.id, "unknown_org", path, "names an organisation that is not there")
        if not code.startswith(rights.scope):
            return Refusal(event.id, "out_of_scope", path, "lies outside the scope of the token")
    return None


def _wrong_time(event: CloudEvent, rights: Rights, now: datetime) -> Refusal | None:
    latest = now + AHEAD
    for path, moment in (
        ("time", event.time),
        ("recordedtime", event.recordedtime),
        ("receivedtime", event.receivedtime),
    ):
        if moment is None:
            continue
        if moment < EARLIEST:
            return Refusal(event.id, "time_before_1990", path, "lies before 1990")
        if moment > (now if path == "receivedtime" else latest):
            return Refusal(event.id, "time_in_future", path, "lies in the future")
    if event.receivedtime is not None and not rights.may_state_received:
        return Refusal(
            event.id,
            "received_time_not_allowed",
            "receivedtime",
            "may be stated by an importer alone",
        )
    return None


def _sequence(event: CloudEvent) -> int | Refusal | None:
    """The source's own counter; CloudEvents' sequence extension is text, numbers come too."""
    value = event.sequence
    if value is None:
        return None
    if isinstance(value, str):
        if not (value.isascii() and value.isdecimal()):
            return Refusal(event.id, "wrong_type", "sequence", "is not a whole number")
        value = int(value)
    if not 0 <= value <= SEQUENCE_MAX:
        return Refusal(event.id, "wrong_type", "sequence", "is not between 0 and 2^63-1")
    return value
