"""Facts as the dashboard reads them, made without a warehouse: for what is pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec

from schemas.envelope import LogRecord
from services.backbone.log import Entry
from services.dashboard_api.facts import Fact
from tests.dashboard_api.histories import COUNTY, NOON, STATION
from tests.support.records import Recorder

_record = msgspec.json.Decoder(LogRecord)

Told = tuple[float, str, dict[str, Any]]
"""Minutes after noon when it happened, what, and its data."""


def at(minutes: float) -> str:
    """A moment after noon as facts hold it."""
    return (NOON + timedelta(minutes=minutes)).isoformat()


def facts_told(*told: Told, corrects: dict[int, int] | None = None) -> list[Fact]:
    """The facts of a station, each received a minute after it happened, by thing and version.

    The n-th has the id ``f{n}``; ``corrects`` says which of them corrects which.
    """
    recorder = Recorder()
    entries = [
        recorder.record(
            type_,
            data | {"org": STATION},
            id_=f"f{n}",
            sender=COUNTY,
            occurred_at=NOON + timedelta(minutes=happened),
            received_at=NOON + timedelta(minutes=happened + 1),
            corrects=f"f{corrects[n]}" if corrects and n in corrects else None,
        )
        for n, (happened, type_, data) in enumerate(told)
    ]
    return facts_in(entries)


def facts_in(entries: Iterable[Entry]) -> list[Fact]:
    """The facts of some entries, by thing and version."""
    facts = [_fact(entry) for entry in entries]
    return sorted(facts, key=lambda fact: (fact.element, fact.subject, fact.version))


def _fact(entry: Entry) -> Fact:
    record = _record.decode(entry.body)
    extensions = record.extensions
    return Fact(
        **{
            **msgspec.structs.asdict(record),
            "changes": [msgspec.structs.asdict(change) for change in record.changes],
            "refs": [tuple(ref) for ref in record.refs],
            "data": msgspec.json.decode(record.data),
            "state_text": msgspec.json.encode(record.state).decode(),
            "data_text": bytes(record.data).decode(),
            "extensions": None if extensions is None else msgspec.json.encode(extensions).decode(),
        }
    )
