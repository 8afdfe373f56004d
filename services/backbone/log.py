"""The log port: what the projector and every other reader consume, whatever carries it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

LOAD_PREFIX = "load-"
"""Begins the name of every node that holds a load (a backfill, an import); others are live."""


class Entry(NamedTuple):
    """One record of the log; ``body`` is the JSON of a ``schemas.envelope.LogRecord``."""

    node: str
    position: int
    body: bytes


class Log(Protocol):
    """An ordered, durable log of records, one sequence of positions for each node."""

    def read(self, after: Mapping[str, int], limit: int) -> list[Entry]:
        """Up to ``limit`` entries of one node, in order, later than ``after`` names.

        A node that ``after`` does not name starts at its beginning.  Live nodes go first: an
        answer of a load means that nothing later stands on a live node, an empty one that
        nothing later stands on any.
        """
        ...

    def watermark(self) -> datetime:
        """The moment up to which the live nodes' log is complete.

        Every live record received up to then can be read; none received up to then will come.
        """
        ...

    def wait(self, timeout_s: float) -> bool:
        """Block until something was appended since the last call; False when time ran out."""
        ...
