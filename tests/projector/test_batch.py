"""Cutting the log into blocks."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.backbone.log import Entry
from services.projector.batch import FLUSH_AFTER_MOST_S, Batch, Pace


def entry(position: int, node: str = "main") -> Entry:
    """An entry that says when it was received."""
    moment = datetime(2026, 11, 23, 0, 0, position % 60, tzinfo=UTC).isoformat()
    return Entry(node, position, b'{"received_at":"%b","n":%d}' % (moment.encode(), position))


def test_a_block_holds_the_lines_and_where_each_node_is() -> None:
    """Entries of several nodes make one block of lines."""
    batch = Batch({})
    batch.add([entry(1), entry(2)])
    batch.add([entry(9, "load-a")])
    block = batch.take()

    assert block.ndjson.split(b"\n") == [entry(1).body, entry(2).body, entry(9).body]
    assert block.rows == 3
    assert block.positions == {"main": 2, "load-a": 9}
    assert block.reached["main"] == datetime(2026, 11, 23, 0, 0, 2, tzinfo=UTC)


def test_what_was_applied_is_dropped() -> None:
    """Entries up to the checkpoint do not come in again."""
    batch = Batch({"main": 5})

    assert batch.add([entry(4), entry(5), entry(6)]) == 2
    assert batch.take().positions == {"main": 6}


def test_what_waits_or_is_gone_is_dropped() -> None:
    """An entry that stands twice on the log is taken once, whenever it comes again."""
    batch = Batch({})
    batch.add([entry(1), entry(2), entry(1), entry(2)])
    assert len(batch) == 2
    batch.take()

    assert batch.add([entry(1), entry(2), entry(3)]) == 2


def test_nodes_do_not_hide_one_another() -> None:
    """Positions compare within a node alone."""
    batch = Batch({"main": 100})

    assert batch.add([entry(1, "load-a")]) == 0


def test_room_shrinks_until_the_block_is_taken() -> None:
    """The room tells how many to read."""
    batch = Batch({}, rows=3)
    batch.add([entry(1), entry(2)])
    assert batch.room == 1
    batch.add([entry(3)])
    assert batch.room == 0
    batch.take()

    assert batch.room == 3
    assert len(batch) == 0


@given(st.lists(st.integers(1, 30)), st.integers(0, 30), st.integers(1, 5))
def test_each_record_once_and_in_order(log: list[int], checkpoint: int, rows: int) -> None:
    """Whatever stands twice, blocks hold each position that grows beyond all before, once."""
    batch = Batch({"main": checkpoint}, rows=rows)
    taken: list[bytes] = []
    for position in log:
        batch.add([entry(position)])
        if not batch.room:
            taken += batch.take().ndjson.split(b"\n")
    if len(batch):
        taken += batch.take().ndjson.split(b"\n")

    expected, highest = [], checkpoint
    for position in log:
        if position > highest:
            highest = position
            expected.append(entry(position).body)
    assert taken == expected


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
