"""Answers into the receipts of a Kafka message.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from schemas.receipts import Answer, Receipt, RequestError

RECEIPT_BYTES = 512 * 1024
"""Largest receipt, so that one fits any topic."""
KEY_BYTES = 1024
"""A longer key of a request is not repeated."""

_encoder = msgspec.json.Encoder()


class Place(NamedTuple):
    """Where a message stands: what its sender was told when it was taken in."""

    topic: str
    partition: int
    offset: int


def receipts_of(
    place: Place, answers: Sequence[Answer], error: RequestError | None = None
) -> list[bytes]:
    """The receipts of one message, in order; one where it fits."""
    return _receipts(place, answers, error, 0, len(answers))


def key_of_receipt(key: bytes | None, org: str | None) -> bytes | None:
    """The key of the request, else the organisation that sent it, else none."""
    if key and len(key) <= KEY_BYTES:
        return key
    return org.encode() if org else None


def _receipts(
    place: Place, answers: Sequence[Answer], error: RequestError | None, first: int, last: int
) -> list[bytes]:
    receipt = Receipt(
        topic=place.topic,
        partition=place.partition,
        offset=place.offset,
        total=len(answers),
        first=first,
        results=list(answers[first:last]),
        error=error,
    )
    encoded = _encoder.encode(receipt)
    if len(encoded) <= RECEIPT_BYTES or last - first < 2:
        return [encoded]
    middle = (first + last) // 2
    return _receipts(place, answers, error, first, middle) + _receipts(
        place, answers, error, middle, last
    )
