"""Sorting a log that is larger than memory into parts, each with all of its streams."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

RECORDS_A_PART = 50_000
PARTS_MOST = 256


def parts_for(records: int) -> int:
    """How many parts keep each part small."""
    return min(PARTS_MOST, max(1, -(-records // RECORDS_A_PART)))


def part_of(stream: str, parts: int) -> int:
    """The part of a stream; ``CRC32(stream) % parts`` in the warehouse is the same."""
    return zlib.crc32(stream.encode()) % parts


class Spill:
    """Packed files in a folder, one for each part."""

    def __init__(self, folder: Path, parts: int) -> None:
        self.parts = parts
        self._paths = [folder / f"part-{n}.gz" for n in range(parts)]
        self._files = [gzip.open(path, "wb", compresslevel=1) for path in self._paths]  # noqa: SIM115 -- close() ends them

    def add(self, stream: str, body: bytes) -> None:
        """Put one record (a line without its newline) into the part of its stream."""
        file = self._files[part_of(stream, self.parts)]
        file.write(body)
        file.write(b"\n")

    def close(self) -> None:
        """End the writing; must come before the reading."""
        for file in self._files:
            file.close()

    def read(self, part: int) -> Iterator[bytes]:
        """The records of a part in the order in which they were added."""
        with gzip.open(self._paths[part], "rb") as file:
            for line in file:
                yield line.rstrip(b"\n")
