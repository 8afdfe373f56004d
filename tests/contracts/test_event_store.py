"""What every event store promises, whichever database keeps it."""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent

from services.backbone.errors import StoreHeld, StoreMissing, StoreUnavailable
from services.backbone.event_store import (
    Admitted,
    Anchor,
    Commit,
    EventStore,
    NodeHead,
    Quarantined,
    SourceGaps,
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


class EventStoreContract(ABC):
    """The promises; a subclass says where the store is."""

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

    def test_a_fresh_store_is_empty(self, store: EventStore) -> None:
        """Every question has an answer from the start."""
        assert store.heads() == {}
        assert store.anchors() == []
        assert store.gaps() == []
        assert store.admitted([b"x"]) == store.admitted([]) == {}
        assert store.admitted_counts() == {}
        assert store.streams(["person/R1"]) == store.streams([]) == {}
        assert store.quarantine("35", ("", ""), 10) == ([], False)
        assert store.quarantined("x") is None
        assert store.read("main", 0, 10) == []
        assert list(store.rows("load-1")) == []

    def test_a_commit_stands_as_a_whole(self, store: EventStore, tmp_path: Path) -> None:
        """Events, admissions, quarantine, gaps and heads, for whoever opens it next."""
        store.commit(
            commit(
                {"main": [stored("person/R1", 1, b"a"), stored("person/R2", 1, b"b")]},
                {"main": 2},
                admitted=[admission(1), admission(2)],
                quarantined=[refused("q1")],
                gaps=[SourceGaps("/orgs/1", 1, 9, ((2, 3), (5, 7)), 4)],
            )
        )
        store.close()
        again = self.open(tmp_path)

        assert again.heads() == {"main": NodeHead("main", 2, MORNING, "02", MORNING)}
        assert again.read("main", 0, 10) == [(1, b"a"), (2, b"b")]
        assert again.admitted([b"key2", b"key9"]) == {b"key2": admission(2)}
        assert again.admitted_counts() == {"main": 2}
        assert again.quarantined("q1") == refused("q1")
        assert again.gaps() == [SourceGaps("/orgs/1", 1, 9, ((2, 3), (5, 7)), 4)]
        again.close()

    def test_positions_go_on_from_commit_to_commit(self, store: EventStore) -> None:
        """Without a hole, each node for itself."""
        store.commit(commit({"main": [stored("a", 1, b"1")]}, {"main": 1}))
        store.commit(commit({"load-1": [stored("b", 1, b"l")]}, {"load-1": 1}))
        store.commit(
            commit(
                {"main": [stored("a", 2, b"2"), stored("c", 1, b"3")], "load-1": []},
                {"main": 3, "load-1": 1},
            )
        )

        assert store.read("main", 0, 10) == [(1, b"1"), (2, b"2"), (3, b"3")]
        assert store.read("load-1", 0, 10) == [(1, b"l")]
        assert list(store.heads()) == ["main", "load-1"]

    def test_reading_goes_on_after_a_position(self, store: EventStore) -> None:
        """In order, no more than asked for."""
        store.commit(
            commit({"main": [stored("a", n, b"%d" % n) for n in range(1, 8)]}, {"main": 7})
        )

        assert store.read("main", 3, 2) == [(4, b"4"), (5, b"5")]
        assert store.read("main", 7, 2) == []

    def test_rows_are_a_whole_log(self, store: EventStore) -> None:
        """Every event with its place, however many parts it takes."""
        store.commit(
            commit({"main": [stored("a", n, b"%d" % n) for n in range(1, 5_001)]}, {"main": 5_000})
        )
        rows = [row for part in store.rows("main") for row in part]

        assert [row.position for row in rows] == list(range(1, 5_001))
        assert rows[41] == (42, "a", 42, b"42")

    @pytest.mark.parametrize(
        "clash",
        [
            commit({"main": [stored("b", 1), stored("a", 1)]}, {"main": 3}),
            commit({"main": [stored("b", 1), stored("c", 1)]}, {"main": 2}),
            commit({"main": [stored("b", 1)]}, {"main": 2}, admitted=[admission(1)]),
        ],
        ids=["version", "position", "key"],
    )
    def test_a_commit_that_clashes_leaves_nothing(self, store: EventStore, clash: Commit) -> None:
        """A version, a position or a key that is taken refuses all of it."""
        store.commit(commit({"main": [stored("a", 1)]}, {"main": 1}, admitted=[admission(1)]))
        clash.quarantined.append(refused("q1"))
        clash.gaps.append(SourceGaps("s", 1, 1, ()))

        with pytest.raises(StoreUnavailable):
            store.commit(clash)

        assert store.heads()["main"].position == 1
        assert len(store.read("main", 0, 10)) == 1
        assert store.quarantined("q1") is None
        assert store.gaps() == []
        store.commit(commit({"main": [stored("b", 1)]}, {"main": 2}, admitted=[admission(2)]))
        assert store.admitted_counts() == {"main": 2}

    def test_a_portion_names_the_streams(self, store: EventStore) -> None:
        """As reading does, with the place of each event in its stream."""
        store.commit(
            commit({"main": [stored("a", n, b"%d" % n) for n in range(1, 8)]}, {"main": 7})
        )

        assert store.portion("main", 3, 2) == [(4, "a", 4, b"4"), (5, "a", 5, b"5")]
        assert store.portion("main", 7, 2) == store.portion("load-1", 0, 2) == []

    def test_large_events_are_read_in_parts(self, store: EventStore) -> None:
        """Never none while there are more."""
        size = 12 * 1024 * 1024
        store.commit(
            commit({"main": [stored("a", n, b"x" * size) for n in range(1, 5)]}, {"main": 4})
        )
        positions, after = [], 0
        while part := store.read("main", after, 100):
            assert len(part) < 4
            positions += [at for at, _ in part]
            after = positions[-1]

        assert positions == [1, 2, 3, 4]

    def test_any_text_names_a_stream(self, store: EventStore, tmp_path: Path) -> None:
        """What JSON can say, U+0000 and backslashes among it, comes back as it was."""
        names = ["a\0b", "a\\0b", "a\\\0", "警情/😀", "a'b\"c"]
        waiting = refused("q")._replace(event_id="e\0", path="data.\0", message="m\\0")
        store.commit(
            commit(
                {"main": [stored(name, 1, name.encode()) for name in names]},
                {"main": len(names)},
                quarantined=[waiting],
            )
        )
        store.close()
        again = self.open(tmp_path)

        assert again.streams(names) == {name: [name.encode()] for name in names}
        assert [row.stream for row in again.portion("main", 0, 10)] == names
        assert again.quarantined("q") == waiting
        assert again.quarantine("35", ("", ""), 10) == ([waiting], False)
        again.close()

    def test_a_node_is_settled_before_its_first_event(
        self, store: EventStore, tmp_path: Path
    ) -> None:
        """And for whoever opens the store next."""
        store.settle("main", MORNING)
        store.close()
        again = self.open(tmp_path)

        assert again.heads() == {"main": NodeHead("main", 0, "", "", MORNING)}
        assert again.read("main", 0, 10) == []
        again.commit(commit({"main": [stored("a", 1)]}, {"main": 1}, NEXT_DAY))
        assert again.heads()["main"] == NodeHead("main", 1, NEXT_DAY, "01", NEXT_DAY)
        again.close()

    def test_what_is_settled_stays_settled(self, store: EventStore) -> None:
        """Neither an earlier moment nor an earlier event takes it back."""
        store.commit(commit({"main": [stored("a", 1)]}, {"main": 1}))
        store.settle("main", NEXT_DAY)
        store.settle("main", MORNING)
        store.commit(commit({"main": [stored("a", 2)]}, {"main": 2}))

        assert store.heads()["main"] == NodeHead("main", 2, MORNING, "02", NEXT_DAY)

    def test_holding_it_goes_on(self, store: EventStore) -> None:
        """The number stays as long as nobody else can have written."""
        first = store.hold()
        store.commit(commit({"main": [stored("a", 1)]}, {"main": 1}))

        assert store.hold() == first

    def test_streams_come_in_the_order_of_their_versions(self, store: EventStore) -> None:
        """Also where they run on over several nodes."""
        store.commit(commit({"load-1": [stored("a", 1, b"1"), stored("a", 3, b"3")]},
                            {"load-1": 2}))  # fmt: skip
        store.commit(commit({"main": [stored("a", 2, b"2"), stored("b", 1, b"x")]}, {"main": 2}))

        assert store.streams(["a", "b", "c"]) == {"a": [b"1", b"2", b"3"], "b": [b"x"]}

    def test_more_is_looked_up_than_a_statement_holds(self, store: EventStore) -> None:
        """Thousands of keys and streams at once."""
        count = 3_000
        store.commit(
            commit(
                {"main": [stored(f"s{n}", 1, b"%d" % n) for n in range(1, count + 1)]},
                {"main": count},
                admitted=[admission(n) for n in range(1, count + 1)],
            )
        )

        assert len(store.admitted([b"key%d" % n for n in range(2 * count)])) == count
        assert len(store.streams([f"s{n}" for n in range(2 * count)])) == count

    def test_each_day_of_a_node_has_an_anchor(self, store: EventStore) -> None:
        """The running hash at its last commit."""
        store.commit(commit({"main": [stored("a", 1)]}, {"main": 1}))
        store.commit(commit({"main": [stored("a", 2)]}, {"main": 2}))
        store.commit(commit({"main": [stored("a", 3)]}, {"main": 3}, NEXT_DAY))

        assert store.anchors() == [
            Anchor("main", "2026-11-23", 2, "02"),
            Anchor("main", "2026-11-24", 3, "03"),
        ]

    def test_gaps_are_those_of_the_last_commit(self, store: EventStore) -> None:
        """One state for each source."""
        store.commit(commit(gaps=[SourceGaps("a", 1, 5, ((2, 4),)), SourceGaps("b", 1, 1, ())]))
        store.commit(commit(gaps=[SourceGaps("a", 1, 5, ((3, 3),))]))

        assert sorted(store.gaps()) == [
            SourceGaps("a", 1, 5, ((3, 3),)),
            SourceGaps("b", 1, 1, ()),
        ]

    def test_quarantine_is_listed_by_scope(self, store: EventStore) -> None:
        """A prefix of the organisation that sent it."""
        store.commit(
            commit(
                quarantined=[
                    refused("a", "350203000000"),
                    refused("b", "350203500000"),
                    refused("c", "350102000000"),
                ]
            )
        )

        def ids(scope: str) -> list[str]:
            return [item.id for item in store.quarantine(scope, ("", ""), 10)[0]]

        assert ids("35") == ["a", "b", "c"]
        assert ids("350203") == ["a", "b"]
        assert ids("350203500000") == ["b"]
        assert ids("3509") == []

    def test_quarantine_is_listed_in_pages(self, store: EventStore) -> None:
        """Oldest first; the last page says that it is."""
        moments = [MORNING, "2026-11-23T08:00:00.000001+00:00", NEXT_DAY]
        store.commit(
            commit(quarantined=[refused(f"{n}{at}", at=at) for at in moments for n in "ab"])
        )
        found, more, after = [], True, ("", "")
        while more:
            page, more = store.quarantine("35", after, 4)
            found += [item.id for item in page]
            after = (page[-1].received_at, page[-1].id)

        assert found == [f"{n}{at}" for at in moments for n in "ab"]

    def test_what_was_resent_is_listed_no_more(self, store: EventStore) -> None:
        """It is still known, with the place of the event that it became."""
        store.commit(commit(quarantined=[refused("a"), refused("b")]))
        store.commit(commit({"main": [stored("s", 1)]}, {"main": 1}, resent=[("a", "main/1")]))

        assert [item.id for item in store.quarantine("35", ("", ""), 10)[0]] == ["b"]
        assert store.quarantined("a") == refused("a")._replace(resent_as="main/1")

    def test_the_same_event_is_quarantined_once(self, store: EventStore) -> None:
        """The first time counts."""
        store.commit(commit(quarantined=[refused("a"), refused("a", at=NEXT_DAY)]))
        store.commit(commit(quarantined=[refused("a", at=NEXT_DAY)]))

        assert store.quarantine("35", ("", ""), 10) == ([refused("a")], False)

    def test_it_is_read_while_it_is_written(self, store: EventStore) -> None:
        """Readers see whole commits: heads never name what cannot be read yet."""
        done = threading.Event()
        seen: list[tuple[int, int]] = []

        def read() -> None:
            while not done.is_set():
                for head in store.heads().values():
                    seen.append((head.position, len(store.read("main", 0, 10_000))))

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for n in range(60):
            events = [stored("a", 3 * n + k) for k in range(1, 4)]
            store.commit(commit({"main": events}, {"main": 3 * n + 3}))
        done.set()
        for reader in readers:
            reader.join()

        assert all(named <= readable for named, readable in seen)
        assert all(readable % 3 == 0 for _, readable in seen)

    def test_one_process_writes(self, store: EventStore, tmp_path: Path) -> None:
        """A second writer is turned away at the door; readers are not."""
        with pytest.raises(StoreHeld, match=re.escape(self.shown(tmp_path))):
            self.open(tmp_path)

        store.commit(commit({"main": [stored("a", 1)]}, {"main": 1}))
        reader = self.open(tmp_path, write=False)
        assert len(reader.read("main", 0, 10)) == 1
        with pytest.raises(StoreUnavailable):
            reader.hold()
        reader.close()

    def test_the_next_writer_takes_over(self, store: EventStore, tmp_path: Path) -> None:
        """As soon as the first lets go."""
        store.close()

        self.open(tmp_path).close()

    def test_there_is_nothing_to_read_where_no_store_is(self, tmp_path: Path) -> None:
        """A mistyped folder is not taken for an empty store, and none is made there."""
        with pytest.raises(StoreMissing):
            self.open(tmp_path / "elsewhere", write=False)

        with pytest.raises(StoreMissing):
            self.open(tmp_path / "elsewhere", write=False)
        assert not (tmp_path / "elsewhere").exists()


class TestSQLiteEventStore(EventStoreContract):
    """The adapter of the embedded mode."""

    def open(self, place: Path, *, write: bool = True) -> EventStore:
        """One SQLite file."""
        return SQLiteEventStore(place / "events.sqlite", write=write)

    def shown(self, place: Path) -> str:
        """The folder."""
        return str(place)


class TestPostgresEventStore(EventStoreContract):
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
