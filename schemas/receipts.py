"""What a sender is told: one answer for each event, and on Kafka a receipt around them."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["accepted", "duplicate", "quarantined"]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of an event."""

    id: str | None
    status: Status
    position: int | None = None
    """Where it stands for ever in the log of its node; of a duplicate, where the first stands."""
    node: str | None = None
    quarantine_id: str | None = None
    error: dict[str, str] | None = None
    """`code`, `path` of the bad field and `message`, of what was quarantined."""


class RequestError(msgspec.Struct, frozen=True):
    """Why no event could be taken from a request, as the HTTP door would say."""

    status: int
    code: str
    message: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a message on the topic of the centres; it may come more than once."""

    topic: str
    """`topic`, `partition` and `offset` name the message."""
    partition: int
    offset: int
    total: int
    """Results in all receipts of the message; very many come in several, in their order."""
    first: int = 0
    """How many of them came in receipts before this one."""
    results: list[Answer]
    """As `POST /v1/events` answers, one for each event, in order."""
    error: RequestError | None = None
    """Set where no event could be told apart; the one result then tells where it is kept."""
