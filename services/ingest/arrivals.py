"""What stands at the door and what it is told.  Pure."""

from __future__ import annotations

import msgspec

from services.ingest.admission import Admissible
from services.ingest.decoding import Refusal


class Arrival(msgspec.Struct):
    """One event at the door: what came, from whom, and what admission made of it."""

    raw: bytes
    org: str
    """Organisation of the sender's token."""
    node: str
    """Node of its log for events that state ``receivedtime``."""
    admitted: Admissible | Refusal
    resends: str | None = None
    """Id of the quarantined event that this one mends."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of an event."""

    id: str | None
    status: str
    """accepted, duplicate or quarantined."""
    position: int | None = None
    node: str | None = None
    quarantine_id: str | None = None
    error: dict[str, str] | None = None
