"""Admission: one event as it came into a fact that may be recorded, or why not.  Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from schemas.classes import CLASSES, FactClass, subject_of
from schemas.envelope import EVENT_ID_MAX, CloudEvent, stream_name
from schemas.facts.fields import TEXT_MAX, Fact
from schemas.organisations import Organisations
from services.ingest.decoding import Refusal, decode_event, decode_fact

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=5)
"""How far a centre's clock may run ahead of ours."""
SEQUENCE_MAX = 2**63 - 1
SEQUENCE_DIGITS = 19
ID_IN_KEY_BYTES = 40

_encoder = msgspec.json.Encoder()


class Admissible(NamedTuple):
    """An event that may be recorded."""

    event: CloudEvent
    row: FactClass
    fact: Fact
    content: bytes
    """The fact as JSON."""
    stream: str
    """Name of the stream that it belongs to."""
    personal: dict[str, str]
    """Its fields that identify a person."""
    sender: str
    sequence: int | None
    corrects: str | None
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
    """Decode and check one event; whatever the bytes are, no exception comes out."""
    decoded = decode_event(raw)
    if isinstance(decoded, Refusal):
        return decoded
    event, extensions = decoded
    row = CLASSES.get(event.type)
    if row is None:
        return Refusal(event.id, "unknown_class", "type", "is none of the 25 classes")
    fact = decode_fact(event, row)
    if isinstance(fact, Refusal):
        return fact
    sender = event.source[6:]
    wrong = (
        _wrong_texts(event, fact, row)
        or _wrong_org(event, fact, sender, rights, organisations)
        or _wrong_time(event, rights, now)
    )
    if wrong:
        return wrong
    sequence = _sequence(event)
    if isinstance(sequence, Refusal):
        return sequence
    return Admissible(
        event=event,
        row=row,
        fact=fact,
        content=_encoder.encode(fact),
        stream=stream_name(row.element, subject_of(row, fact)),
        personal={field: text for field in row.personal if (text := getattr(fact, field))},
        sender=sender,
        sequence=sequence,
        corrects=event.corrects or None,
        extensions=extensions,
        key=key_of(event.source, event.id),
    )


def key_of(source: str, id_: str) -> bytes:
    """The idempotency key of (source, id).

    Ids that a source counts up lie side by side, so that the store finds and adds them on few
    pages; long ones are hashed.
    """
    name = id_.encode()
    if len(name) > ID_IN_KEY_BYTES:
        return b"%b#%b" % (source[6:].encode(), blake2b(name, digest_size=16).digest())
    return b"%b/%b" % (source[6:].encode(), name)


def corrected_key(admissible: Admissible) -> bytes | None:
    """The idempotency key of the event that this one replaces."""
    if admissible.corrects is None:
        return None
    return key_of(admissible.event.source, admissible.corrects)


def digest_of(admissible: Admissible, secret: bytes) -> bytes:
    """A keyed digest of what an event says, the same however its JSON is spelt."""
    event = admissible.event
    said = (event.type, event.time, event.recordedtime, admissible.corrects)
    digest = blake2b(_encoder.encode(said), digest_size=16, key=secret)
    digest.update(admissible.content)
    return digest.digest()


def _wrong_texts(event: CloudEvent, fact: Fact, row: FactClass) -> Refusal | None:
    """What the types of the fields cannot say."""
    if not subject_of(row, fact).strip():
        return Refusal(event.id, "missing_field", f"data.{row.subject}", "is blank")
    for field in row.personal:
        if len(getattr(fact, field) or "") > TEXT_MAX:
            reason = f"is over {TEXT_MAX} characters"
            return Refusal(event.id, "wrong_type", f"data.{field}", reason)
    if event.corrects:
        if event.corrects == event.id:
            reason = "names the event itself"
            return Refusal(event.id, "correction_of_itself", "corrects", reason)
        if len(event.corrects) > EVENT_ID_MAX:
            reason = f"is over {EVENT_ID_MAX} characters"
            return Refusal(event.id, "wrong_type", "corrects", reason)
    return None


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
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        digits = value.strip().lstrip("0") or "0"
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > SEQUENCE_DIGITS:
            return Refusal(event.id, "wrong_type", "sequence", "is not a whole number")
        value = int(digits)
    if not 0 <= value <= SEQUENCE_MAX:
        return Refusal(event.id, "wrong_type", "sequence", "is not between 0 and 2^63-1")
    return value
