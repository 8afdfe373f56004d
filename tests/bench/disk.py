"""What the operating system holds of a folder's files in memory.

Reading from the disk may take as long as all the rest, and what lies in memory after a fill is
chance.  So a bench says which it measures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

BLOCK_BYTES = 1 << 20


def hold(folder: Path) -> None:
    """Read all files once, so that they lie in memory as far as there is any."""
    for file in _files(folder):
        while file.read(BLOCK_BYTES):
            pass


def let_go(folder: Path) -> None:
    """Have all files read from the disk again."""
    os.sync()
    for file in _files(folder):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _files(folder: Path) -> Iterator[FileIO]:
    """Each open for its turn; what an engine has put together meanwhile is gone."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        with suppress(FileNotFoundError), FileIO(path) as file:
            yield file
