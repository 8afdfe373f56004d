"""Cutting the log into blocks."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.backbone.log import Complete, Entry, Poison, Portion
from services.projector.batch import FLUSH_AFTER_MOST_S, Batch, Block, Pace
from services.projector.extent import Extent

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def entry(position: int, node: str = "main") -> Entry:
    """An entry."""
    return Entry(node, position, b'{"n":%d}' % position)


def portion(
    entries: list[Entry],
    *,
    partition: str = "0",
    after: int = 1,
    complete: dict[str, int] | None = None,
    poison: list[Poison] | None = None,
) -> Portion:
    """What was read of a partition, with the positions up to which it is complete."""
    told = {node: Complete(position, NOON) for node, position in (complete or {}).items()}
    return Portion(partition, entries, after, told, poison or [])


def add(batch: Batch, read: Portion) -> int:
    """Take a portion all of which is believed."""
    return batch.add(read, read.complete)


def lines(block: Block) -> list[bytes]:
    """The lines of a block."""
    return block.ndjson().split(b"\n") if block.rows else []


def test_a_block_holds_the_lines_of_all_partitions() -> None:
    """One insert for all, with where to read on in each and what is complete."""
    batch = Batch(Extent())
    poison = Poison(7, b"?", "no record")
    add(batch, portion([entry(1), entry(2)], after=5, complete={"main": 2}))
    add(batch, portion([entry(9, "load-a")], partition="1", after=8, poison=[poison]))
    block = batch.take()

    assert lines(block) == [entry(1).body, entry(2).body, entry(9).body]
    assert block.rows == 3
    assert list(block.entries())[-1] == ("1", entry(9, "load-a"))
    assert block.offsets == {"0": 5, "1": 8}
    assert block.complete == {("0", "main"): Complete(2, NOON)}
    assert block.poison == [("1", poison)]


def test_what_is_complete_is_dropped() -> None:
    """Entries up to what the checkpoint told do not come in again."""
    batch = Batch(Extent({"0": 3}, {("0", "main"): Complete(5, NOON)}))

    assert add(batch, portion([entry(4), entry(5), entry(6)])) == 2
    assert lines(batch.take()) == [entry(6).body]


def test_the_highest_position_proves_nothing() -> None:
    """A send that broke off may have left out what is lower: it comes later, and goes in."""
    batch = Batch(Extent())
    add(batch, portion([entry(1), entry(7)]))

    assert add(batch, portion([entry(3), entry(7)])) == 0


def test_partitions_and_nodes_do_not_hide_one_another() -> None:
    """What is complete holds for one node in one partition."""
    batch = Batch(Extent({}, {("0", "main"): Complete(100, NOON)}))

    assert add(batch, portion([entry(1, "xiamen")])) == 0
    assert add(batch, portion([entry(1)], partition="1")) == 0


def test_what_is_not_believed_is_not_told() -> None:
    """Behind a hole a mark neither completes nor drops anything."""
    batch = Batch(Extent())
    batch.add(portion([entry(1)], complete={"main": 9}), {})

    assert add(batch, portion([entry(2)])) == 0
    assert batch.take().complete == {}


def test_an_older_mark_takes_nothing_back() -> None:
    """A relay that lags behind another repeats what was told."""
    batch = Batch(Extent())
    add(batch, portion([], complete={"main": 9}))
    batch.take()
    add(batch, portion([], complete={"main": 4}))

    assert batch.take().complete == {("0", "main"): Complete(9, NOON)}


def test_room_shrinks_until_the_block_is_taken() -> None:
    """The room tells how many to read."""
    batch = Batch(Extent(), rows=3)
    add(batch, portion([entry(1), entry(2)]))
    assert batch.room == 1
    add(batch, portion([entry(3)]))
    assert batch.room == 0
    batch.take()

    assert batch.room == 3
    assert batch.rows == 0


def test_marks_alone_wait_without_rows() -> None:
    """There is something to tell, and nothing to insert."""
    batch = Batch(Extent())
    waits = [batch.waits]
    batch.told({"main": Complete(3, NOON)})
    waits.append(batch.waits)
    block = batch.take()
    waits.append(batch.waits)

    assert (block.rows, block.complete) == (0, {("main", "main"): Complete(3, NOON)})
    assert waits == [False, True, False]


@given(
    st.lists(st.tuples(st.sampled_from("01"), st.integers(1, 12), st.booleans())),
    st.integers(1, 5),
)
def test_nothing_is_dropped_that_did_not_go_before(
    log: list[tuple[str, int, bool]], rows: int
) -> None:
    """Whatever stands twice, each entry of a partition goes in, and no later than its mark.

    A mark here tells the highest position up to which all of 1, 2, … came in the partition.
    """
    batch = Batch(Extent(), rows=rows)
    taken: list[tuple[str, bytes]] = []
    came: dict[str, set[int]] = {"0": set(), "1": set()}
    for after, (partition, position, marked) in enumerate(log):
        came[partition].add(position)
        upto = next(n for n in range(14) if n + 1 not in came[partition])
        complete = {"main": upto} if marked and upto else {}
        add(batch, portion([entry(position)], partition=partition, after=after, complete=complete))
        if not batch.room:
            taken += [(p, e.body) for p, e in batch.take().entries()]
    taken += [(p, e.body) for p, e in batch.take().entries()]

    assert set(taken) == {(p, entry(n).body) for p, positions in came.items() for n in positions}
    firsts = dict.fromkeys((p, entry(n).body) for p, n, _ in log)
    assert list(dict.fromkeys(taken)) == list(firsts)


def test_the_first_block_is_due_at_once() -> None:
    """After a quiet time nobody waits for company."""
    assert Pace(0.15).wait_s(0.0) == 0


def test_the_next_block_waits_a_little() -> None:
    """Blocks are not begun more often than every ``flush_after_s``."""
    pace = Pace(0.15)
    pace.flushed(10.0, 10.02)

    assert abs(pace.wait_s(10.05) - 0.1) < 1e-9
    assert pace.wait_s(10.16) == 0


def test_slow_inserts_stretch_the_wait() -> None:
    """An insert of 0.2 s is followed by another after 0.4 s at the earliest."""
    pace = Pace(0.15)
    pace.flushed(10.0, 10.2)

    assert abs(pace.wait_s(10.2) - 0.2) < 1e-9


def test_the_stretch_has_an_end() -> None:
    """However slow the warehouse is, a block is due again within a second."""
    pace = Pace(0.15)
    pace.flushed(10.0, 70.0)

    assert pace.wait_s(10.0) == FLUSH_AFTER_MOST_S
    assert pace.wait_s(70.0) == 0
