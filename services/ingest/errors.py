"""Errors of the ingest service.

IngestError
├── BodyUnreadable   a request body in which no event can be told apart
├── SenderRefused    a request of nobody, or of somebody who may not send
├── QueueFull        the writer is behind; come back later
├── DoorClosing      the Kafka door ends; what is not answered is read again
└── StoreBehindLog   the event store lacks what was relayed from it
"""

from __future__ import annotations

from collections.abc import Mapping


class IngestError(Exception):
    """Root of what this package raises."""


class BodyUnreadable(IngestError):
    """No event can be told apart in a body."""

    def __init__(self, code: str, message: str, http_status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = http_status


class SenderRefused(IngestError):
    """A token that proves nothing, or whose role does not send."""

    def __init__(self, code: str, message: str, http_status: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = http_status


class QueueFull(IngestError):
    """More events wait for the writer than the bound allows."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("the platform is behind; send the same events again later")
        self.retry_after_s = retry_after_s


class DoorClosing(IngestError):
    """The Kafka door was asked to end while it waited."""


class StoreBehindLog(IngestError):
    """Events that were relayed are not in the store: it was put back to an earlier state.

    Positions would be given a second time, to other events; an operator has to decide.
    """

    def __init__(self, node: str, position: int, delivered: int) -> None:
        super().__init__(
            f"node {node} ends at {position} in the event store, but {delivered} was relayed"
        )
        self.node = node
        self.position = position
        self.delivered = delivered


class DoorStuck(IngestError):
    """The consumer failed on what it read, and everything before that is answered."""

    def __init__(self, positions: Mapping[tuple[str, int], int]) -> None:
        super().__init__("a record on the door's topic cannot be read")
        self.positions = positions
        """By topic and partition, the offset from which nothing was read."""
