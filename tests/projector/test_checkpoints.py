"""How far the log surely stands in every view."""

from datetime import UTC, datetime, timedelta

import pytest

from services.backbone.log import Complete
from services.backbone.warehouse import Warehouse
from services.projector.checkpoints import (
    ANEW,
    Checkpoint,
    Checkpointer,
    complete,
    read,
    refeeds,
    write_refeeds,
)
from services.projector.extent import Extent
from services.projector.holes import Holes, Refeed

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def moment(seconds: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(seconds=seconds)


def write(
    warehouse: Warehouse,
    partition: str,
    offset: int,
    told: dict[str, tuple[int, float, int]],
    holes: Holes | None = None,
    base: int = 0,
) -> None:
    """One more checkpoint of a partition: by node position, seconds after noon, partitions."""
    extent = Extent(
        {partition: offset},
        {
            (partition, node): Complete(position, moment(seconds), partitions)
            for node, (position, seconds, partitions) in told.items()
        },
    )
    checkpointer = Checkpointer(warehouse)
    checkpointer.begin("topic/1", Extent(), {partition: base})
    checkpointer.write(0.0, extent, holes or Holes())


def test_without_a_checkpoint_a_partition_begins_at_its_beginning(warehouse: Warehouse) -> None:
    """A new warehouse names no partition and no node."""
    assert read(warehouse) == {}
    assert complete(warehouse) == {}


def test_a_checkpoint_comes_back_as_it_was(warehouse: Warehouse) -> None:
    """Offsets, what is complete, holes."""
    holes = Holes()
    holes.begin("1", 70, {"xiamen": 70})
    write(warehouse, "1", 90, {"main": (10, 1, 2), "xiamen": (4, 2, 2)}, holes)

    assert read(warehouse) == {
        "1": Checkpoint(
            90,
            {"main": Complete(10, moment(1), 2), "xiamen": Complete(4, moment(2), 2)},
            70,
            {"main": 0, "xiamen": 70},
            "topic/1",
            0,
        )
    }


def test_the_furthest_counts(warehouse: Warehouse) -> None:
    """One that has lost a partition and does not know it yet turns nothing back."""
    write(warehouse, "0", 50, {"main": (40, 40, 1)})
    write(warehouse, "0", 20, {"main": (10, 10, 1)})

    assert read(warehouse)["0"].offset == 50
    assert complete(warehouse) == {"main": Complete(40, moment(40))}


def test_a_log_made_anew_begins_again(warehouse: Warehouse) -> None:
    """Its offsets are small, and count as later all the same."""
    write(warehouse, "0", 50, {"main": (40, 40, 1)})
    write(warehouse, "0", 3, {"main": (40, 40, 1)}, base=ANEW)
    write(warehouse, "0", 60, {"main": (50, 50, 1)})

    checkpoint = read(warehouse)["0"]
    assert (checkpoint.offset, checkpoint.base) == (3, ANEW)


def test_complete_is_what_the_slowest_partition_is(warehouse: Warehouse) -> None:
    """In position and in moment, each by itself."""
    write(warehouse, "0", 1, {"main": (40, 9, 2)})
    write(warehouse, "1", 1, {"main": (30, 12, 2)})

    assert complete(warehouse) == {"main": Complete(30, moment(9))}


def test_complete_waits_for_every_partition(warehouse: Warehouse) -> None:
    """As long as one has not told, nothing is known of the node."""
    write(warehouse, "0", 1, {"main": (40, 9, 3), "xiamen": (1, 1, 2)})
    write(warehouse, "1", 1, {"main": (40, 9, 3), "xiamen": (1, 1, 2)})

    assert complete(warehouse) == {"xiamen": Complete(1, moment(1))}


@pytest.mark.parametrize(("before", "after"), [("main", "01"), ("01", "0123"), ("0123", "0")])
def test_a_log_of_other_partitions_takes_the_place(
    warehouse: Warehouse, before: str, after: str
) -> None:
    """From a store's own log to a topic, or to one with more or fewer partitions."""
    for partition in [before] if before == "main" else before:
        write(warehouse, partition, 5, {"main": (5, 5, len(before) if before != "main" else 1)})
    for partition in after:
        write(warehouse, partition, 9, {"main": (9, 9, len(after))})

    assert complete(warehouse) == {"main": Complete(9, moment(9))}


def test_a_refeed_completes_a_node(warehouse: Warehouse) -> None:
    """Also one of which the log tells nothing any more."""
    write(warehouse, "0", 1, {"main": (3, 3, 1)})
    write_refeeds(
        warehouse,
        {"main": Complete(20, moment(20)), "gone": Complete(7, moment(7))},
        {"0": 55},
    )

    assert complete(warehouse) == {
        "main": Complete(20, moment(20)),
        "gone": Complete(7, moment(7)),
    }
    assert sorted(refeeds(warehouse)) == [Refeed("gone", {"0": 55}), Refeed("main", {"0": 55})]


def test_a_checkpoint_says_when_it_was_written(warehouse: Warehouse) -> None:
    """Other processes can tell how fresh it is."""
    write(warehouse, "0", 1, {"main": (3, 3, 1)})

    assert warehouse.rows("SELECT abs(now64(6) - written_at) < 60 FROM complete") == [(True,)]


def test_writing_is_not_more_often_than_asked(warehouse: Warehouse) -> None:
    """Within the interval what was reached waits, and is then written at once."""
    checkpointer, extent = Checkpointer(warehouse, every_s=1.0), Extent()
    for now_s, position, written in ((100.0, 1, 1), (100.9, 2, 1), (101.0, 3, 3)):
        extent.advance({"main": position}, {("main", "main"): Complete(position, NOON)})
        checkpointer.write_if_due(now_s, extent, Holes())

        assert complete(warehouse) == {"main": Complete(written, NOON)}


@pytest.mark.parametrize(("idle_every_s", "written"), [(None, 0), (5.0, 5)])
def test_time_alone_is_written_where_others_ask(
    warehouse: Warehouse, idle_every_s: float | None, written: int
) -> None:
    """A quiet projector leaves the table alone, unless others follow it."""
    checkpointer, extent = Checkpointer(warehouse, idle_every_s=idle_every_s), Extent()
    for seconds in range(7):
        extent.advance({"main": 1}, {("main", "main"): Complete(1, moment(seconds))})
        checkpointer.write_if_due(float(seconds), extent, Holes())

    assert complete(warehouse) == {"main": Complete(1, moment(written))}


def test_nothing_new_is_not_written(warehouse: Warehouse) -> None:
    """What stands in the table already is not repeated."""
    extent = Extent({"main": 1}, {("main", "main"): Complete(1, NOON)})
    first = Checkpointer(warehouse)
    first.write(0.0, extent, Holes())
    warehouse.command("TRUNCATE TABLE checkpoints")
    first.write(1.0, extent, Holes())
    second = Checkpointer(warehouse)
    second.begin("topic/1", extent, {})
    second.write(2.0, extent, Holes())

    assert read(warehouse) == {}
