"""Where the contract of an event store is tested: places of both adapters, and commits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent

from services.backbone.event_store import (
    Admitted,
    Commit,
    EventStore,
    NodeHead,
    Quarantined,
)
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.sqlite_store import SQLiteEventStore
from tests.support.postgres import Postgres

MORNING = "2026-11-23T08:00:00+00:00"
NEXT_DAY = "2026-11-24T08:00:00+00:00"


def stored(stream: str, version: int, state: bytes = b"{}") -> StoredEvent:
    """One event."""
    return StoredEvent(stream, version, "topic", state)


def commit(
    events: dict[str, list[StoredEvent]] | None = None,
    positions: dict[str, int] | None = None,
    received_at: str = MORNING,
    **parts: Sequence[object],
) -> Commit:
    """A commit; ``positions`` are the ends of the nodes after it."""
    heads = [NodeHead(n, p, received_at, f"{p:02x}") for n, p in (positions or {}).items()]
    whole: dict[str, object] = {
        "events": events or {},
        "heads": heads,
        "admitted": [],
        "quarantined": [],
        "gaps": [],
        "resent": [],
    }
    return Commit(**(whole | parts))  # type: ignore[arg-type]


def admission(n: int, node: str = "main") -> Admitted:
    """What is noted of the n-th event."""
    return Admitted(b"key%d" % n, node, n, b"digest", b"sha%d" % n)


def refused(id_: str, org: str = "350203000000", at: str = MORNING, size: int = 5) -> Quarantined:
    """A quarantined event."""
    return Quarantined(id_, org, at, "e1", "not_json", "", "is not JSON", b"x" * size)


class StorePlace(ABC):
    """Says where a store is, and opens it there."""

    @abstractmethod
    def open(self, place: Path, *, write: bool = True) -> EventStore:
        """Open the store of a place, which begins empty."""

    @abstractmethod
    def shown(self, place: Path) -> str:
        """How an error names the place."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[EventStore]:
        """A fresh store."""
        store = self.open(tmp_path)
        yield store
        store.close()


class OnSQLite(StorePlace):
    """The adapter of the embedded mode."""

    def open(self, place: Path, *, write: bool = True) -> EventStore:
        """One SQLite file."""
        return SQLiteEventStore(place / "events.sqlite", write=write)

    def shown(self, place: Path) -> str:
        """The folder."""
        return str(place)


class OnPostgres(StorePlace):
    """The adapter of a cluster."""

    @pytest.fixture(autouse=True)
    def places(self, postgres: Postgres, names: Iterator[str]) -> None:
        """A database of its own for each place."""
        self._postgres = postgres
        self._names = names
        self._databases: dict[Path, str] = {}

    def _dsn(self, place: Path) -> str:
        if place not in self._databases:
            name = f"store_{next(self._names)}"
            self._databases[place] = self._postgres.create_database(name)
        return self._databases[place]

    def open(self, place: Path, *, write: bool = True) -> EventStore:
        """One database."""
        return PostgresEventStore(self._dsn(place), write=write)

    def shown(self, place: Path) -> str:
        """Host, port and database."""
        return self._dsn(place).partition("@")[2]
