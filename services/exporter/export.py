"""The export: the event store read as a stream, twice, into one OCEL 2.0 document.

The first reading finds what was withdrawn by corrections, the second writes the events and
lays the facts of each thing together in parts on disk; the objects are made part by part.
Memory holds one part and the ids of the withdrawn, however long the log is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

import msgspec

from schemas.things import fact_id
from services.backbone.event_store import EventStore, StoredRow
from services.backbone.spill import Spill, parts_for
from services.exporter.attributes import event_types, object_types
from services.exporter.errors import FactUnreadable
from services.exporter.ocel import Event, Object, Told, event_of, object_of, related, told
from services.exporter.output import Document

READINGS = 3
"""How often ``advanced`` hears of each fact: found, written, folded."""
_FACT, _NAMED = b"f", b"n"
T = TypeVar("T")


class Selection(NamedTuple):
    """What is exported."""

    scope: str
    """The prefix that the responsible organisation has; empty for all."""
    as_of: datetime | None
    """As known then; None for all that there is when the export begins."""


class Written(NamedTuple):
    """What the file holds, by type."""

    events: Counter[str]
    objects: Counter[str]


class _Brief(msgspec.Struct):
    """As much of a stored fact as tells whether it is known, and what it withdraws."""

    source: str
    received_at: datetime
    corrects: str | None = None


_brief = msgspec.json.Decoder(_Brief)


def export(
    store: EventStore,
    selection: Selection,
    output: Path,
    advanced: Callable[[int], None] = lambda _facts: None,
) -> Written:
    """Write the file; what is recorded meanwhile is not part of it.

    Beside it, while it is written, lies a folder of about a fifth of the log's size.
    Raises OutputUnusable, FactUnreadable, StoreUnavailable.
    """
    ends = {node: head.position for node, head in store.heads().items()}
    reading = _Reading(store, selection, ends, advanced)
    with Document(output) as document, TemporaryDirectory(
        dir=output.parent, prefix=f".{output.name}-"
    ) as folder:  # fmt: skip
        spill = Spill(Path(folder), parts_for(sum(ends.values())))
        written = Written(Counter(), Counter())
        document.member("objectTypes", object_types())
        document.member("eventTypes", event_types())
        document.array("events", _events(reading, spill, written.events))
        spill.close()
        document.array("objects", _objects(spill, written.objects, advanced))
    return written


class _Reading:
    """Reads the facts that are known at the moment of the selection."""

    def __init__(
        self,
        store: EventStore,
        selection: Selection,
        ends: dict[str, int],
        advanced: Callable[[int], None],
    ) -> None:
        self._store = store
        self._selection = selection
        self._ends = ends
        self._advanced = advanced

    def withdrawn(self) -> frozenset[str]:
        """Ids of the facts that others replace; those may stand anywhere on the log."""
        return frozenset(
            fact_id(brief.source, brief.corrects)
            for node, row in self._known()
            if (brief := _read(_brief.decode, node, row)).corrects is not None
        )

    def facts(self) -> Iterator[tuple[str, StoredRow, Told]]:
        """Each fact that holds and is in the scope, with its node and its row."""
        withdrawn = self.withdrawn()
        for node, row in self._known():
            one = _read(told, node, row)
            if one.fact.org.startswith(self._selection.scope) and one.id not in withdrawn:
                yield node, row, one

    def _known(self) -> Iterator[tuple[str, StoredRow]]:
        as_of = self._selection.as_of
        for node, end in self._ends.items():
            for row in self._rows(node):
                if row.position > end:
                    break
                # Along a node's log received_at never decreases: what is known is its beginning.
                if as_of and _read(_brief.decode, node, row).received_at > as_of:
                    break
                yield node, row

    def _rows(self, node: str) -> Iterator[StoredRow]:
        for part in self._store.rows(node):
            yield from part
            self._advanced(len(part))


def _read(decode: Callable[[bytes], T], node: str, row: StoredRow) -> T:
    try:
        return decode(row.stored)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError):
        raise FactUnreadable(node, row.position) from None


def _events(reading: _Reading, spill: Spill, counts: Counter[str]) -> Iterator[Event]:
    for node, row, one in reading.facts():
        counts[one.fact.type] += 1
        spill.add(one.fact.stream, _FACT + row.stored)
        for relationship in related(one):
            # A thing that is named is an object, also where no fact of its own is known.
            name = relationship.objectId
            spill.add(name, _NAMED + msgspec.json.encode(name))
        yield event_of(node, row.position, one)


def _objects(
    spill: Spill, counts: Counter[str], advanced: Callable[[int], None]
) -> Iterator[Object]:
    for part in range(spill.parts):
        facts: dict[str, list[Told]] = {}
        for line in spill.read(part):
            if line.startswith(_NAMED):
                facts.setdefault(msgspec.json.decode(line[1:], type=str), [])
            else:
                one = told(line[1:])
                facts.setdefault(one.fact.stream, []).append(one)
                advanced(1)
        for stream in sorted(facts):
            made = object_of(stream, facts[stream])
            counts[made.type] += 1
            yield made
