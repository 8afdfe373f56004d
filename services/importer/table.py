"""CSV with a header, plain or gzipped, read row by row however long it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from services.importer.errors import TableUnreadable
from services.importer.files import InputFile, readable
from services.importer.rows import CELL_CHARACTERS, NumberedRow


class Table:
    """One CSV file with a header; use as a context manager."""

    def __init__(self, path: Path, *, delimiter: str = ",", encoding: str = "utf-8") -> None:
        """Raises TableUnreadable."""
        self.path = path
        self.row = 0
        self._file = InputFile(path)
        self.size_bytes = self._file.size_bytes
        try:
            self._open(delimiter, encoding)
        except TableUnreadable:
            self._file.close()
            raise

    def _open(self, delimiter: str, encoding: str) -> None:
        # Spreadsheets put a byte order mark before the first column's name.
        encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        csv.field_size_limit(CELL_CHARACTERS)
        try:
            text = io.TextIOWrapper(self._file.content, encoding=encoding, newline="")
            self._lines = csv.reader(text, delimiter=delimiter, strict=True)
        except (LookupError, TypeError) as error:
            raise self._unreadable(str(error)) from None
        header = next(self._cells(), None)
        if not header:
            raise self._unreadable("there is no header")
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise self._unreadable(f"two columns are called {twice[0]!r}")
        self.columns = header

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    @property
    def read_bytes(self) -> int:
        """How much of the file has been read, as it lies on disk."""
        return self._file.read_bytes

    def rows(self) -> Iterator[NumberedRow]:
        """The rows that are left; raises TableUnreadable where the file is broken."""
        for cells in self._cells():
            if not cells:
                continue
            self.row += 1
            fits = len(cells) == len(self.columns)
            yield NumberedRow(
                self.row, dict(zip(self.columns, cells, strict=True)) if fits else None
            )

    def _cells(self) -> Iterator[list[str]]:
        try:
            with readable(self._unreadable):
                yield from self._lines
        except UnicodeError:
            raise self._unreadable(
                "there is text in another encoding; name it in the mapping"
            ) from None
        except csv.Error as error:
            raise self._unreadable(f"not CSV: {error}") from None

    def _unreadable(self, reason: str) -> TableUnreadable:
        return TableUnreadable(self.path.name, self.row, reason)
