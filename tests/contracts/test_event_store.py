"""What every event store promises to its writer, whichever database keeps it."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from services.backbone.errors import StoreHeld, StoreUnavailable
from services.backbone.event_store import Anchor, Commit, EventStore, NodeHead, SourceGaps
from tests.contracts.stores import (
    MORNING,
    NEXT_DAY,
    OnPostgres,
    OnSQLite,
    StorePlace,
    admission,
    commit,
    refused,
    stored,
)


class WriterContract(StorePlace):
    """The promises to whoever writes."""

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


class TestOnSQLite(WriterContract, OnSQLite):
    """The adapter of the embedded mode."""


class TestOnPostgres(WriterContract, OnPostgres):
    """The adapter of a cluster."""
