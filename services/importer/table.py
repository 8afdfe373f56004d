"""The input file: CSV, plain or gzipped, read row by row however long it is."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from services.importer.errors import TableUnreadable

_GZIP = b"\x1f\x8b"
CELL_BYTES = 1024 * 1024


class NumberedRow(NamedTuple):
    """A row counted from 1, the header not counted; None where its cells don't fit the header."""

    number: int
    cells: dict[str, str] | None


class Table:
    """One CSV file with a header; use as a context manager."""

    def __init__(self, path: Path, *, delimiter: str = ",", encoding: str = "utf-8") -> None:
        """Raises TableUnreadable."""
        self.path = path
        self.row = 0
        try:
            self._file: BinaryIO = path.open("rb")
            self.size_bytes = path.stat().st_size
        except OSError as error:
            raise self._unreadable(error.strerror or "cannot be opened") from None
        try:
            self._open(delimiter, encoding)
        except TableUnreadable:
            self._file.close()
            raise

    def _open(self, delimiter: str, encoding: str) -> None:
        is_gzip = self._file.read(2) == _GZIP
        self._file.seek(0)
        content: BinaryIO = (
            gzip.GzipFile(fileobj=self._file) if is_gzip else self._file  # type: ignore[assignment]  # it reads bytes
        )
        # Spreadsheets put a byte order mark before the first column's name.
        encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        csv.field_size_limit(CELL_BYTES)
        try:
            text = io.TextIOWrapper(content, encoding=encoding, newline="")
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
        return self._file.tell()

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
            yield from self._lines
        except EOFError:
            raise self._unreadable("the gzip stream ends before its end") from None
        except (gzip.BadGzipFile, zlib.error):
            raise self._unreadable("the gzip stream is broken") from None
        except UnicodeError:
            raise self._unreadable(
                "there is text in another encoding; name it in the mapping"
            ) from None
        except csv.Error as error:
            raise self._unreadable(f"not CSV: {error}") from None

    def _unreadable(self, reason: str) -> TableUnreadable:
        return TableUnreadable(self.path.name, self.row, reason)
