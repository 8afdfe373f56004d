"""SQLite's and eventsourcing's errors as this package's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.domain import EventSourcingError

from services.backbone.errors import StoreFull, StoreUnavailable


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Raises StoreFull or StoreUnavailable for whatever SQLite refuses within."""
    try:
        yield
    except (EventSourcingError, sqlite3.Error) as error:
        if "database or disk is full" in str(error):
            raise StoreFull("the disk of the event store is full") from error
        what = f"the event store did not do what it was asked: {type(error).__name__}"
        raise StoreUnavailable(what) from error
