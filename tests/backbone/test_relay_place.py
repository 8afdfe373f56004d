"""What a relay keeps beside its store: one lease, cursors that survive."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from services.backbone.errors import StoreUnavailable
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.relay_place import FilePlace, PostgresPlace, RelayPlace
from tests.support.relaying import append

WAIT_S = 30.0


class PlaceContract(ABC):
    """The promises; a subclass brings places of one store."""

    @abstractmethod
    def open(self) -> RelayPlace:
        """As another process would."""

    def test_one_relays(self) -> None:
        """Another one may once the first has let go."""
        first, second = self.open(), self.open()
        assert [first.take(), first.take(), second.take()] == [True, True, False]

        first.close()
        assert second.take()
        second.close()

    def test_cursors_are_kept_by_log(self) -> None:
        """Each node's own; what is not named stays; another process reads them."""
        place = self.open()
        place.take()
        place.save_cursor("events/1", {"main": 5, "load-a": 2})
        place.save_cursor("events/2", {"main": 1})
        place.save_cursor("events/1", {"main": 7})
        place.close()

        again = self.open()
        assert again.cursor("events/1") == {"main": 7, "load-a": 2}
        assert again.cursor("events/2") == {"main": 1}
        assert again.cursor("events/3") == {}
        again.close()


class TestFilePlace(PlaceContract):
    """Beside an SQLite file."""

    @pytest.fixture(autouse=True)
    def beginning(self, tmp_path: Path) -> None:
        """A folder of the test's own."""
        self.folder = tmp_path

    def open(self) -> RelayPlace:
        """The same folder."""
        return FilePlace(self.folder)

    def test_a_broken_file_is_told(self, tmp_path: Path) -> None:
        """It is not taken for a beginning."""
        (tmp_path / "relay.json").write_bytes(b'{"events/1": {"main": ')

        with pytest.raises(StoreUnavailable, match=r"relay\.json cannot be read"):
            self.open().cursor("events/1")

    def test_a_cursor_is_written_as_a_whole(self, tmp_path: Path) -> None:
        """What was half written by one that was killed is not looked at."""
        (tmp_path / "relay.fresh").write_bytes(b"{")
        place = self.open()
        place.save_cursor("events/1", {"main": 5})

        assert place.cursor("events/1") == {"main": 5}

    def test_a_folder_that_is_gone_is_told(self, tmp_path: Path) -> None:
        """The store may come back."""
        with pytest.raises(StoreUnavailable):
            FilePlace(tmp_path / "gone").take()

    def test_waiting_ends_soon(self) -> None:
        """Nobody tells of commits, so it looks again; a closed one waits no more."""
        place = self.open()
        assert place.wait(WAIT_S)
        place.close()

        assert not place.wait(WAIT_S)


class TestPostgresPlace(PlaceContract):
    """In the event store's database."""

    @pytest.fixture(autouse=True)
    def stores(self, database: str) -> Iterator[None]:
        """A store that was begun."""
        self.dsn = database
        self.opened: list[PostgresEventStore] = []
        with PostgresEventStore(database) as store:
            self.store = store
            yield
        for opened in self.opened:
            opened.close()

    def open(self) -> RelayPlace:
        """The same database."""
        self.opened.append(PostgresEventStore(self.dsn, write=False))
        return PostgresPlace(self.dsn, self.opened[-1])

    def test_a_commit_ends_the_wait(self) -> None:
        """PostgreSQL tells it."""
        place = self.open()
        while place.wait(0):
            pass
        append(self.store, 1, 1)

        assert place.wait(WAIT_S)
        assert not place.wait(0)

    def test_a_lost_lease_saves_nothing(self) -> None:
        """Another one may relay by now; this one finds out and may take it again."""
        place = self.open()
        place.take()
        with psycopg.connect(self.dsn, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                " AND pid NOT IN (SELECT pid FROM pg_stat_activity WHERE state LIKE 'idle in%')"
            )
        with pytest.raises(StoreUnavailable):
            for _ in iter(lambda: place.save_cursor("events/1", {"main": 1}), 0):
                pass

        assert place.take()
        place.close()
