"""Messages of the Kafka door on their way: what each brought, many recorded as one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from schemas.receipts import Answer, RequestError
from services.ingest import bodies
from services.ingest.arrivals import Arrival
from services.ingest.errors import BodyUnreadable, SenderRefused
from services.ingest.messages import request_of
from services.ingest.receipts import Place, key_of_receipt, receipts_of
from services.ingest.reception import Reception, check_may_send, kept
from services.ingest.writer import GROUP_EVENTS

BATCH_BYTES = 8 * 1024 * 1024

logger = logging.getLogger(__name__)


class Brought(NamedTuple):
    """One message and what it brought."""

    place: Place
    key: bytes | None
    org: str | None
    """Organisation of its token; None where no token proves one."""
    arrivals: list[Arrival]
    error: RequestError | None


def brought(record: Any, reception: Reception, root: str) -> Brought:
    """A consumer's record at the door.

    What no event can be told from is one arrival, kept whole for the sender's organisation, or
    for ``root`` where the sender is unknown.
    """
    place = Place(record.topic, record.partition, record.offset)
    request = request_of(record.headers or (), record.value or b"")
    org, error = None, None
    try:
        identity = reception.whose(request.authorization)
        org = identity.org
        check_may_send(identity)
        shape = bodies.shape_of(request.content_type)
        arrivals = reception.arrivals(identity, shape, request.body, request.encoding)
    except (SenderRefused, BodyUnreadable) as refused:
        arrivals = [kept(org or root, request.body, refused)]
        error = RequestError(refused.http_status, refused.code, refused.message)
    except Exception:
        # A mistake of ours must not keep the partition waiting.
        logger.exception("a message cannot be admitted; it goes into quarantine")
        failed = BodyUnreadable("not_recorded", "the platform failed on it", http_status=500)
        arrivals = [kept(org or root, request.body, failed)]
        error = RequestError(failed.http_status, failed.code, failed.message)
    return Brought(place, record.key, org, arrivals, error)


class Batch:
    """Messages that are recorded together."""

    def __init__(self) -> None:
        self.messages: list[Brought] = []
        self.arrivals: list[Arrival] = []
        self._size = 0

    def add(self, message: Brought) -> None:
        """One more, after the others."""
        self.messages.append(message)
        self.arrivals += message.arrivals
        self._size += sum(len(arrival.raw) for arrival in message.arrivals)

    @property
    def is_full(self) -> bool:
        """Whether it is as much as one commit should hold."""
        return (
            len(self.arrivals) >= GROUP_EVENTS
            or len(self.messages) >= GROUP_EVENTS
            or self._size >= BATCH_BYTES
        )

    def receipts(self, answers: Sequence[Answer]) -> Iterator[tuple[bytes | None, bytes]]:
        """(key, value) of the receipts of all its messages, in order."""
        start = 0
        for message in self.messages:
            end = start + len(message.arrivals)
            key = key_of_receipt(message.key, message.org)
            for receipt in receipts_of(message.place, answers[start:end], message.error):
                yield key, receipt
            start = end

    def after(self) -> dict[tuple[str, int], int]:
        """By topic and partition, the offset from which to read on once it is answered."""
        return {(m.place.topic, m.place.partition): m.place.offset + 1 for m in self.messages}
