"""The input file as it lies on disk: plain or gzipped, read once from its beginning."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from services.importer.errors import TableUnreadable

_GZIP = b"\x1f\x8b"
CHUNK_BYTES = 64 * 1024


class InputFile:
    """One open file; ``content`` gives its bytes, unpacked where they are gzipped."""

    def __init__(self, path: Path) -> None:
        """Raises TableUnreadable."""
        self.path = path
        try:
            self._file: BinaryIO = path.open("rb")
            self.size_bytes = path.stat().st_size
        except OSError as error:
            raise TableUnreadable(path.name, 0, error.strerror or "cannot be opened") from None
        is_gzip = self._file.read(2) == _GZIP
        self._file.seek(0)
        self.content: BinaryIO = (
            gzip.GzipFile(fileobj=self._file) if is_gzip else self._file  # type: ignore[assignment]  # it reads bytes
        )

    @property
    def read_bytes(self) -> int:
        """How much of the file has been read, as it lies on disk."""
        return self._file.tell()

    def close(self) -> None:
        """Let go of it."""
        self._file.close()

    def chunks(self) -> Iterator[bytes]:
        """Its content from here to the end; raises TableUnreadable where it breaks off."""
        with readable(lambda reason: TableUnreadable(self.path.name, 0, reason)):
            while chunk := self.content.read(CHUNK_BYTES):
                yield chunk


@contextmanager
def readable(unreadable: Callable[[str], TableUnreadable]) -> Iterator[None]:
    """Turn what a broken gzip stream raises into an error with the reason."""
    try:
        yield
    except EOFError:
        raise unreadable("the gzip stream ends before its end") from None
    except (gzip.BadGzipFile, zlib.error):
        raise unreadable("the gzip stream is broken") from None
