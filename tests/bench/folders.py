"""Folders that benchmarks fill.

To fill one takes longer than all that is asked of it: where ``YIPING_BENCH_KEEP`` names a folder,
what was filled stays there, and the next run begins with asking.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import msgspec

from tests.bench.apart import apart

KEEP = "YIPING_BENCH_KEEP"
T = TypeVar("T")


@contextmanager
def filled_folder(name: str, fill: Callable[[str], T], told: type[T]) -> Iterator[tuple[str, T]]:
    """A folder that ``fill`` has filled in a process of its own, and what it told of it."""
    kept = os.environ.get(KEEP)
    if not kept:
        with TemporaryDirectory() as folder:
            yield folder, apart(fill, folder)
        return
    folder = str(Path(kept) / name)
    page = Path(kept) / f"{name}.json"
    if not page.exists():
        page.write_bytes(msgspec.json.encode(apart(fill, folder)))
    yield folder, msgspec.json.decode(page.read_bytes(), type=told)
