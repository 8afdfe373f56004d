"""Rows in another order than the file's, in bounded memory.

Many logs are written case by case, while history is loaded as it became known.  So the rows
are read once, sorted in runs that fit into memory, and merged.  Runs lie in files without a
name: nothing of them is left behind, however the process ends.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import msgspec

from services.importer.cells import Cell, Row
from services.importer.errors import RowRefused
from services.importer.rows import Advanced, NumberedRow, Rows, unheard

RUN_BYTES = 48 * 1024 * 1024
_LENGTH_BYTES = 4
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[int, dict[str, str] | None])

Key = tuple[tuple[bool, Any], ...]


class SortedRows:
    """The rows of a file by the values of some cells; rows of one value stay in file order."""

    def __init__(
        self,
        source: Rows,
        order: Sequence[Cell],
        *,
        folder: Path,
        advanced: Advanced = unheard,
        run_bytes: int = RUN_BYTES,
    ) -> None:
        """Reads the whole source; ``folder`` takes about as much as it holds, for a while.

        A row without a value comes first, as does one whose value cannot be read: what is
        wrong with it is told when it is translated.  ``advanced`` hears the bytes read.
        Raises TableUnreadable and OSError.
        """
        self.path = source.path
        self.columns = source.columns
        self.size_bytes = 0
        self.read_bytes = 0
        self._source = source
        self._order = order
        self._folder = folder
        self._runs: list[BinaryIO] = []
        try:
            self._spill(advanced, run_bytes)
        except BaseException:
            self._close_runs()
            raise

    def __enter__(self) -> SortedRows:
        return self

    def __exit__(self, *error: object) -> None:
        self._close_runs()
        self._source.__exit__(*error)

    def rows(self) -> Iterator[NumberedRow]:
        """The rows in order, each with its number in the file."""
        # No two numbers are equal, so cells are never compared.
        for _, number, cells in heapq.merge(*map(self._read, self._runs)):
            yield NumberedRow(number, cells)

    def _spill(self, advanced: Advanced, run_bytes: int) -> None:
        run: list[tuple[Key, int, bytes]] = []
        size = 0
        for row in self._source.rows():
            body = _encoder.encode((row.number, row.cells))
            run.append((self._key(row.cells), row.number, body))
            size += len(body)
            if size >= run_bytes:
                self._write(run)
                run, size = [], 0
                advanced(self._source.read_bytes, self._source.size_bytes)
        self._write(run)
        advanced(self._source.read_bytes, self._source.size_bytes)

    def _write(self, run: list[tuple[Key, int, bytes]]) -> None:
        if not run:
            return
        run.sort()
        file = TemporaryFile(dir=self._folder)  # noqa: SIM115 -- _close_runs() ends it
        self._runs.append(file)
        for _, _, body in run:
            file.write(len(body).to_bytes(_LENGTH_BYTES))
            file.write(body)
            self.size_bytes += len(body)
        file.seek(0)

    def _read(self, run: BinaryIO) -> Iterator[tuple[Key, int, dict[str, str] | None]]:
        while length := run.read(_LENGTH_BYTES):
            body = run.read(int.from_bytes(length))
            self.read_bytes += len(body)
            number, cells = _decoder.decode(body)
            yield self._key(cells), number, cells

    def _key(self, cells: Row | None) -> Key:
        return tuple(_comparable(cell, cells) for cell in self._order)

    def _close_runs(self) -> None:
        for file in self._runs:
            file.close()


def _comparable(cell: Cell, cells: Row | None) -> tuple[bool, Any]:
    """Sorts what has a value behind what has none."""
    try:
        value = None if cells is None else cell.of(cells)
    except RowRefused:
        value = None
    return (value is not None, value)
