"""The file that is written: one JSON document, item by item, there only when it is whole."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from services.exporter.errors import OutputUnusable

KINDS = (".json", ".jsonocel")
PACKING = 6
"""gzip's own default: about a twelfth of the size."""
_encoder = msgspec.json.Encoder()


class Document:
    """An object of JSON whose members come in their order, arrays item by item.

    A context manager; where it ends in an error nothing is left of the file, and an older one
    of that name stays as it was.  Raises OutputUnusable, also when the disk is full.
    """

    def __init__(self, path: Path) -> None:
        """Gzipped where the name ends in ``.gz``."""
        if not path.name.lower().removesuffix(".gz").endswith(KINDS):
            raise OutputUnusable(path.name, "the name has to end in .json, .jsonocel or that .gz")
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._stack = ExitStack()
        self._members = 0

    def __enter__(self) -> Document:
        try:
            self._file: BinaryIO = self._stack.enter_context(self._part.open("wb"))
        except OSError as error:
            raise OutputUnusable(self._path.name, error.strerror or "cannot be written") from None
        self._content: BinaryIO | gzip.GzipFile = self._file
        if self._path.suffix.lower() == ".gz":
            packed = gzip.GzipFile("", "wb", PACKING, self._file, mtime=0)
            self._content = self._stack.enter_context(packed)
        self._write(b"{")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        try:
            if kind is None:
                self._write(b"\n}\n")
                self._finish()
        finally:
            self._stack.close()
            self._part.unlink(missing_ok=True)

    def _finish(self) -> None:
        try:
            if self._content is not self._file:
                self._content.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            os.replace(self._part, self._path)
        except OSError as error:
            raise OutputUnusable(self._path.name, error.strerror or "cannot be written") from None

    def member(self, name: str, value: Any) -> None:
        """A member as a whole."""
        self._begin(name)
        self._write(_encoder.encode(value))

    def array(self, name: str, items: Iterable[Any]) -> None:
        """A member that is an array, item by item."""
        self._begin(name)
        self._write(b"[")
        for n, item in enumerate(items):
            self._write((b",\n" if n else b"\n") + _encoder.encode(item))
        self._write(b"]")

    def _begin(self, name: str) -> None:
        self._write((b",\n" if self._members else b"\n") + _encoder.encode(name) + b": ")
        self._members += 1

    def _write(self, content: bytes) -> None:
        try:
            self._content.write(content)
        except OSError as error:
            raise OutputUnusable(self._path.name, error.strerror or "cannot be written") from None
