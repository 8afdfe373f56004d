"""What an export must hold, counted from the log's records by other code than the exporter's."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
from eventsourcing.persistence import StoredEvent

from schemas.classes import CLASSES
from schemas.elements import PLACE_WORST_FIRST
from schemas.envelope import LogRecord
from services.backbone.event_store import Commit, NodeHead
from services.backbone.log import Entry
from services.backbone.sqlite_store import SQLiteEventStore

SCHEMA = json.loads((Path(__file__).parent / "ocel20.schema.json").read_text(encoding="utf-8"))
_IDENTITY = re.compile(rb'\{"node":"[a-z0-9-]+","position":\d+,')
_decoder = msgspec.json.Decoder(LogRecord)


def recorded(folder: Path, entries: Iterable[Entry]) -> SQLiteEventStore:
    """An event store that holds these records, as admission would have written them."""
    store = SQLiteEventStore(folder / "events.sqlite")
    events: defaultdict[str, list[StoredEvent]] = defaultdict(list)
    heads: dict[str, NodeHead] = {}
    for entry in entries:
        record = _decoder.decode(entry.body)
        state = _IDENTITY.sub(b"{", entry.body, count=1)
        events[entry.node].append(StoredEvent(record.stream, record.version, record.type, state))
        received_at = record.received_at.isoformat()
        heads[entry.node] = NodeHead(entry.node, entry.position, received_at, "00")
    store.commit(Commit(dict(events), list(heads.values()), [], [], [], []))
    return store


def holding(records: Sequence[LogRecord], scope: str = "") -> list[LogRecord]:
    """Those in the scope that no correction has taken back."""
    withdrawn = {(one.source, one.corrects) for one in records if one.corrects is not None}
    return [
        one
        for one in records
        if (one.source, one.id) not in withdrawn and one.org.startswith(scope)
    ]


def objects_in(records: Sequence[LogRecord]) -> set[str]:
    """Every thing that one of the records is about, or names."""
    return {f"{element}/{id_}" for one in records for element, id_ in things_of(one)}


def things_of(record: LogRecord) -> list[tuple[str, str]]:
    """(element, id) of all things of a record, its own first, each once."""
    return list(dict.fromkeys([(record.element, record.subject), *map(tuple, record.refs)]))  # type: ignore[list-item]


def counts_of(records: Sequence[LogRecord]) -> tuple[Counter[str], Counter[str]]:
    """Events by type and objects by type."""
    objects = Counter(name.partition("/")[0] for name in objects_in(records))
    return Counter(one.type for one in records), objects


def statuses_of(records: Sequence[LogRecord]) -> dict[str, list[tuple[datetime, str]]]:
    """Each thing's statuses with the moments from which they held, as it was."""
    by_thing: defaultdict[str, list[LogRecord]] = defaultdict(list)
    for one in records:
        by_thing[one.stream].append(one)
    found: dict[str, list[tuple[datetime, str]]] = {}
    for name, facts in by_thing.items():
        changes: list[tuple[datetime, str]] = []
        for at in sorted({one.occurred_at for one in facts}):
            status = _status([one for one in facts if one.occurred_at <= at])
            if status and status != (changes[-1][1] if changes else ""):
                changes.append((at, status))
        found[name] = changes
    return found


def _status(facts: Sequence[LogRecord]) -> str:
    """The status after these facts of one thing."""
    said: dict[str, str | None] = {}
    newest = ""
    for one in sorted(facts, key=lambda one: (one.occurred_at, one.version)):
        row = CLASSES[one.type]
        data = msgspec.json.decode(one.data, type=row.struct)
        status = row.moves(data)
        said[f"{row.type}/{row.slot and getattr(data, row.slot)}"] = status
        newest = status or newest
    if facts[0].element == "place":
        return next((status for status in PLACE_WORST_FIRST if status in said.values()), "idle")
    return newest


def valid(document: Any) -> Any:
    """The document, once it is held to the standard's schema."""
    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(SCHEMA, format_checker=checker).validate(document)
    return document
