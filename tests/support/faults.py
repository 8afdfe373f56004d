"""Faults of the machine, made for real and taken back."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.backbone.sqlite_store import SQLiteEventStore


@contextmanager
def full_disk(store: SQLiteEventStore) -> Iterator[None]:
    """SQLite finds no page more for this store, as on a full disk."""
    with store._writing.transaction(commit=False) as cursor:
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
    _limit_pages(store, pages)
    try:
        yield
    finally:
        _limit_pages(store, 2**30)


def _limit_pages(store: SQLiteEventStore, pages: int) -> None:
    with store._writing.get_connection(commit=False) as connection:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.fetchone()


@contextmanager
def refused_writes(path: Path) -> Iterator[None]:
    """The kernel refuses whatever this process writes beyond the present end of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
