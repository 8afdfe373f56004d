"""What every event store promises to its readers, whichever database keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.backbone.errors import StoreMissing
from services.backbone.event_store import EventStore
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


class ReaderContract(StorePlace):
    """The promises to whoever reads."""

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

    def test_there_is_nothing_to_read_where_no_store_is(self, tmp_path: Path) -> None:
        """A mistyped folder is not taken for an empty store, and none is made there."""
        with pytest.raises(StoreMissing):
            self.open(tmp_path / "elsewhere", write=False)

        with pytest.raises(StoreMissing):
            self.open(tmp_path / "elsewhere", write=False)
        assert not (tmp_path / "elsewhere").exists()


class TestOnSQLite(ReaderContract, OnSQLite):
    """The adapter of the embedded mode."""


class TestOnPostgres(ReaderContract, OnPostgres):
    """The adapter of a cluster."""
