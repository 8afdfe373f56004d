"""What the views over all streams must hold, counted up from folded records.  Pure."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from schemas.envelope import LogRecord
from services.projector.refold import Refolded, flows_of, links_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_US = 3_600_000_000


class Sums:
    """Count and checksum of the rows of a view, for each node and day of receipt."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, date], list[int]] = defaultdict(lambda: [0, 0])

    def add(self, record: LogRecord, *parts: Any) -> None:
        """Count a row of which ``parts`` are the values that are checked."""
        held = self._sums[record.node, record.received_at.astimezone(UTC).date()]
        held[0] += 1
        held[1] += zlib.crc32("/".join(map(str, (record.position, *parts))).encode())

    def table(self) -> dict[tuple[str, date], tuple[int, int]]:
        """(count, checksum) of each node and day."""
        return {key: (count, crc) for key, (count, crc) in self._sums.items()}


class Expected:
    """What the views over all streams must hold: grows with each folded record."""

    def __init__(self) -> None:
        self.sums = {name: Sums() for name in ("flows", "links", "arrivals")}
        self.flows: Counter[tuple[Any, ...]] = Counter()
        self.rows: Counter[tuple[Any, ...]] = Counter()

    def add(self, folded: Refolded) -> None:
        """Count the rows that a record makes."""
        record = folded.record
        received, occurred = _micros(record.received_at), _micros(record.occurred_at)
        for flow in flows_of(record.received_at, folded.change):
            key = (record.node, flow.day, flow.element, flow.org, flow.status)
            self.flows[key] += flow.delta
            self.rows[key] += 1
            self.sums["flows"].add(record, flow.n, received, occurred)
        case_no = folded.state.get("case_no", "")
        delay_h = received // HOUR_US - occurred // HOUR_US
        for link in links_of(record.element, record.subject, folded.refs, case_no):
            self.sums["links"].add(record, *link, delay_h)
        sequence = "" if record.sequence is None else record.sequence
        recorded = _micros(record.recorded_at)
        self.sums["arrivals"].add(
            record, record.sender, received, occurred, recorded, sequence, record.missing
        )

    def flows_by_day(self) -> dict[str, dict[date, Counter[tuple[str, ...]]]]:
        """Node, day, and the sums of (element, organisation, status) on it."""
        found: dict[str, dict[date, Counter[tuple[str, ...]]]] = {}
        for (node, day, *key), delta in self.flows.items():
            found.setdefault(node, {}).setdefault(day, Counter())[tuple(key)] += delta
        return found


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
