"""Facts that come in one by one, a minute after another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.backbone.log import Entry
from tests.support.events import minimal
from tests.support.records import START, Recorder

COUNTY = "350203000000"
STATION = "350203500000"


class Day:
    """Facts one minute after another."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.now = START
        self.entries: list[Entry] = []

    def record(self, type_: str, *, late_s: float = 30, node: str = "main", **data: Any) -> None:
        """One more fact, ``late_s`` after it happened."""
        self.now += timedelta(minutes=1)
        self.entries.append(
            self.recorder.record(
                type_,
                minimal(type_) | {"org": STATION} | data,
                id_=f"fact-{len(self.entries) + 1}",
                sender=COUNTY,
                occurred_at=self.now - timedelta(seconds=late_s),
                received_at=self.now,
                node=node,
                sequence=len(self.entries) + 1,
            )
        )
