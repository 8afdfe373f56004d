"""psycopg's and eventsourcing's errors as this package's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from eventsourcing.domain import EventSourcingError

from services.backbone.errors import StoreFull, StoreUnavailable


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Raises StoreFull or StoreUnavailable for whatever PostgreSQL refuses within."""
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise StoreFull("the disk of the event store is full") from error
    except (EventSourcingError, psycopg.Error) as error:
        what = f"the event store did not do what it was asked: {type(error).__name__}"
        raise StoreUnavailable(what) from error
