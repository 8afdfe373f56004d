"""How far the views are: the projector reports it, whoever reads the views asks.

In one process this object is the meeting point; between processes the ``checkpoints`` table
of the warehouse carries the same.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

NEVER = datetime.min.replace(tzinfo=UTC)


class Applied(NamedTuple):
    """What stands in every view."""

    positions: Mapping[str, int]
    """The last applied position of each node."""
    watermark: datetime
    """Everything received up to this moment stands in the views."""
    generation: int
    """Grows with each report."""


class Progress:
    """The newest report; safe to use from any thread."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._applied = Applied({}, NEVER, 0)

    def applied(self, positions: Mapping[str, int], watermark: datetime) -> None:
        """Report what stands in every view; neither a position nor the watermark goes back."""
        with self._news:
            held = self._applied
            self._applied = Applied(
                {
                    **held.positions,
                    **{n: max(p, held.positions.get(n, 0)) for n, p in positions.items()},
                },
                max(held.watermark, watermark),
                held.generation + 1,
            )
            self._news.notify_all()

    def snapshot(self) -> Applied:
        """The newest report; generation 0 and ``NEVER`` before the first."""
        with self._news:
            return self._applied

    def wait(self, generation: int, timeout_s: float) -> bool:
        """Block until there is a report newer than ``generation``; False when time ran out."""
        with self._news:
            return self._news.wait_for(lambda: self._applied.generation > generation, timeout_s)
