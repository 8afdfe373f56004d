"""Rows into CloudEvents, in order.  Pure.

The same rows give the same events with the same ids, so whatever is sent again after a
break is answered ``duplicate``.  Notes, the ids kept for later corrections, follow from the
rows before; so after a break the rows before are translated again and not sent.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from services.importer.cells import Cell, Row
from services.importer.errors import RowRefused
from services.importer.mapping import Event, ReadyMapping

_CODE = re.compile(r"[0-9]{12}")
_encoder = msgspec.json.Encoder()


class Translated(NamedTuple):
    """One event of a row, as it is sent."""

    row: int
    id: str
    body: bytes


class Refused(NamedTuple):
    """What of a row could not be turned into an event, or was refused by the door."""

    row: int
    id: str | None
    code: str
    path: str
    message: str


class Passed(NamedTuple):
    """A row that gives no event: passed over on purpose, or met by no rule."""

    row: int
    on_purpose: bool


Outcome = Translated | Refused | Passed


class Translator:
    """Translates the rows of one file, from the first on."""

    def __init__(self, mapping: ReadyMapping) -> None:
        self._mapping = mapping
        self._notes: dict[str, str] = {}

    def translate(self, number: int, row: Row) -> list[Outcome]:
        """What becomes of a row; ``number`` counts from 1."""
        if self._mapping.ignored and self._mapping.ignored.hold(row):
            return [Passed(number, True)]
        # Conditions see the notes as they were before this row.
        due = [(event, self._corrected(event, row)) for event in self._due(row)]
        if not due:
            return [Passed(number, False)]
        return [self._outcome(number, event, corrected, row) for event, corrected in due]

    def _due(self, row: Row) -> list[Event]:
        return [
            event
            for event in self._mapping.events
            if event.conditions.hold(row)
            and (event.corrects_note is None or self._corrected(event, row) is not None)
            and (event.unless_note is None or event.unless_note.of(row) not in self._notes)
        ]

    def _corrected(self, event: Event, row: Row) -> str | None:
        """The id of the noted event that this one replaces."""
        name = event.corrects_note.of(row) if event.corrects_note else None
        return self._notes.get(name) if name else None

    def _outcome(self, number: int, event: Event, corrected: str | None, row: Row) -> Outcome:
        try:
            document = self._document(event, row)
        except RowRefused as refused:
            return Refused(number, None, refused.code, refused.column, refused.message)
        event_id: str = document["id"]
        if corrected is not None and event.corrects_note:
            document["corrects"] = corrected
            self._notes.pop(event.corrects_note.of(row) or "", None)
        name = event.note.of(row) if event.note else None
        if name:
            self._notes[name] = event_id
        return Translated(number, event_id, _encoder.encode(document))

    def _document(self, event: Event, row: Row) -> dict[str, Any]:
        source = self._mapping.source.of(row)
        if source is None or not _CODE.fullmatch(source):
            raise RowRefused("unknown_org", _first(self._mapping.source), "is no code of 12 digits")
        document: dict[str, Any] = {"specversion": "1.0", "source": f"/orgs/{source}"}
        for name, cell in event.attributes.items():
            value = cell.of(row)
            if value is not None:
                document[name] = value
            elif name in ("id", "type", "time"):
                raise RowRefused("missing_field", _first(cell), f"is blank and gives the {name}")
        data = {field: cell.of(row) for field, cell in event.data.items()}
        document["data"] = {field: value for field, value in data.items() if value is not None}
        return document


def _first(cell: Cell) -> str:
    return cell.columns[0] if cell.columns else ""
