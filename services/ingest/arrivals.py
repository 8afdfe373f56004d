"""What stands at the door and what it is told.  Pure."""

from __future__ import annotations

import msgspec

from schemas.receipts import Answer
from services.ingest.admission import Admissible
from services.ingest.decoding import Refusal

__all__ = ["Answer", "Arrival"]


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
