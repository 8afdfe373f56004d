"""How far something is."""

from datetime import UTC, datetime, timedelta

from services.backbone.log import Complete
from services.projector.extent import Extent, later

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def told(position: int, seconds: float = 0, partitions: int = 2) -> Complete:
    """Complete up to there, so many seconds after noon."""
    return Complete(position, NOON + timedelta(seconds=seconds), partitions)


def test_a_node_is_where_its_slowest_partition_is() -> None:
    """In position and in moment, each by itself."""
    extent = Extent({}, {("0", "main"): told(9, 1), ("1", "main"): told(5, 2)})

    assert extent.nodes() == {"main": told(5, 1)}


def test_a_node_of_which_a_partition_is_elsewhere_is_not_known() -> None:
    """Others read it, and know nothing of ours."""
    extent = Extent({}, {("0", "main"): told(9), ("0", "load-a"): told(1, partitions=1)})

    assert extent.nodes() == {"load-a": told(1, partitions=1)}


def test_what_is_complete_never_goes_back() -> None:
    """Neither in position nor in moment; the number of partitions is the newest."""
    assert later(told(9, 1), told(5, 2, 4)) == told(9, 2, 4)
    extent = Extent()
    extent.advance({"0": 7}, {("0", "main"): told(9)})
    extent.advance({"0": 4}, {("0", "main"): told(3)})

    assert (extent.offsets, extent.complete) == ({"0": 4}, {("0", "main"): told(9)})


def test_a_partition_begins_where_its_checkpoint_says() -> None:
    """Also before where it was: another reader had it since."""
    extent = Extent({"0": 9, "1": 5}, {("0", "main"): told(9), ("0", "xiamen"): told(2)})
    extent.begin("0", 4, {"main": told(3)})

    assert extent.offsets == {"0": 4, "1": 5}
    assert extent.complete == {("0", "main"): told(3)}


def test_what_others_have_is_forgotten() -> None:
    """Nothing more is told of it."""
    extent = Extent({"0": 9, "1": 5}, {("0", "main"): told(9), ("1", "main"): told(2)})
    extent.forget({"0"})

    assert (extent.offsets, extent.complete) == ({"1": 5}, {("1", "main"): told(2)})


def test_a_copy_goes_on_alone() -> None:
    """What is taken is not yet what stands."""
    extent = Extent({"0": 1})
    extent.copy().advance({"0": 2}, {("0", "main"): told(1)})

    assert (extent.offsets, extent.complete) == ({"0": 1}, {})
