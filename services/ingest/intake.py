"""Intake: how many bytes of bodies the door holds at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.ingest.errors import QueueFull
from services.ingest.writer import RETRY_AFTER_S


class Portion:
    """The body of one request as it grows."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.size = 0

    def add(self, size: int) -> None:
        """Room for so many more bytes; raises QueueFull when there is none."""
        self._intake.take(size)
        self.size += size


class Intake:
    """Counts the bytes of all requests from their first to their answer; for one event loop.

    A request that would pass the bound is turned away, but the first is always let in, so
    that no body is too large for an empty house.
    """

    def __init__(self, bound_bytes: int) -> None:
        self._bound = bound_bytes
        self.held = 0

    @contextmanager
    def portion(self) -> Iterator[Portion]:
        """The room of one request, given back at its end."""
        portion = Portion(self)
        try:
            yield portion
        finally:
            self.held -= portion.size

    def take(self, size: int) -> None:
        """Raises QueueFull past the bound."""
        if self.held and self.held + size > self._bound:
            raise QueueFull(RETRY_AFTER_S)
        self.held += size
