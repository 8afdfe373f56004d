"""OCEL 2.0 logs in JSON (www.ocel-standard.org): events and objects as rows, read as they come.

Columns: ``kind`` (event or object), ``id``, ``type``, ``time``; ``attr:NAME`` for an attribute;
``object:TYPE`` and ``qualifier:QUALIFIER`` for the ids of related objects, joined by ``;``.
An event is one row.  An object is one row for each time at which attributes of it are told,
one without a time where none are.  Objects come first.  The file is read twice before its
first row is given: for what is wrong with it, for its columns and for each object's type,
which stay in memory (about 120 bytes an object).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import ijson

from services.importer.errors import ItemInvalid, TableUnreadable
from services.importer.files import CHUNK_BYTES, InputFile, readable
from services.importer.ocel_rows import Cells, event_row, identity_of, object_rows
from services.importer.rows import Advanced, NumberedRow, unheard

OBJECTS, EVENTS = "objects", "events"


class OcelLog:
    """One OCEL 2.0 file in JSON, plain or gzipped; use as a context manager."""

    def __init__(self, path: Path, advanced: Advanced = unheard) -> None:
        """``advanced`` hears how much the first readings have passed; raises TableUnreadable."""
        self.path = path
        self.read_bytes = 0
        with closing(InputFile(path)) as file:
            self._file_bytes = file.size_bytes
        self.size_bytes = 3 * self._file_bytes
        self._advanced = advanced
        self._types: dict[str, str] = {}
        self._index()
        columns = dict.fromkeys(("kind", "id", "type", "time"))
        rows = 0
        for cells in self._cells(self._file_bytes):
            columns.update(dict.fromkeys(cells))
            rows += 1
        if not rows:
            raise self._unreadable("holds neither events nor objects as OCEL 2.0 has them")
        self.columns = list(columns)
        self.read_bytes = 0
        self.size_bytes = 2 * self._file_bytes
        self._advanced = unheard

    def __enter__(self) -> OcelLog:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing stands open between two readings."""

    def rows(self) -> Iterator[NumberedRow]:
        """Objects, then events, in the order of the file; raises TableUnreadable."""
        blank = dict.fromkeys(self.columns, "")
        for number, cells in enumerate(self._cells(0), 1):
            yield NumberedRow(number, blank | cells)

    def _index(self) -> None:
        known: dict[str, str] = {}
        for place, item in self._items(OBJECTS, 0):
            try:
                id_, type_ = identity_of(item)
            except ItemInvalid as error:
                raise self._unreadable(f"{place}: {error}") from None
            if id_ in self._types:
                raise self._unreadable(f"{place}: another object has its id")
            # One text for each type, however many objects have it.
            self._types[id_] = known.setdefault(type_, type_)

    def _cells(self, begun_bytes: int) -> Iterator[Cells]:
        for place, item in self._items(OBJECTS, begun_bytes):
            try:
                yield from object_rows(item, self._types)
            except ItemInvalid as error:
                raise self._unreadable(f"{place}: {error}") from None
        for place, item in self._items(EVENTS, begun_bytes + self._file_bytes):
            try:
                yield event_row(item, self._types)
            except ItemInvalid as error:
                raise self._unreadable(f"{place}: {error}") from None

    def _items(self, name: str, begun_bytes: int) -> Iterator[tuple[str, Any]]:
        """What an array of the document holds, each with its place as one writes it."""
        with closing(InputFile(self.path)) as file, readable(self._unreadable):
            try:
                found = ijson.items(file.content, f"{name}.item", buf_size=CHUNK_BYTES)
                for n, item in zip(count(), found, strict=False):
                    self.read_bytes = begun_bytes + file.read_bytes
                    self._advanced(self.read_bytes, self.size_bytes)
                    yield f"{name}[{n}]", item
            except ijson.JSONError:
                raise self._unreadable(f"byte {_bad_byte(self.path)}: not JSON") from None

    def _unreadable(self, reason: str) -> TableUnreadable:
        return TableUnreadable(self.path.name, 0, reason)


def _bad_byte(path: Path) -> int:
    """Where the document stops being JSON, counted from 0; its size where it ends too early."""
    chunk_begins = _breaks(path, None)
    return _breaks(path, chunk_begins)


def _breaks(path: Path, finely_from: int | None) -> int:
    """Where the piece begins that breaks the document; a piece is a byte from there on."""
    heard = ijson.sendable_list()
    parser = ijson.basic_parse_coro(heard)
    read = 0
    with closing(InputFile(path)) as file:
        for chunk in file.chunks():
            finely = finely_from is not None and read >= finely_from
            size = 1 if finely else len(chunk)
            for at in range(0, len(chunk), size):
                try:
                    parser.send(chunk[at : at + size])
                except ijson.JSONError:
                    return read + at
                heard.clear()
            read += len(chunk)
    return read
