"""What of the log was gone before it was read."""

from collections.abc import Mapping
from datetime import UTC, datetime

from services.backbone.log import Complete, Portion
from services.projector.holes import Holes, Refeed

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOLD = {"main": Complete(9, NOON), "xiamen": Complete(4, NOON)}


def believed(holes: Holes, partition: str = "1") -> Mapping[str, Complete]:
    """What is believed of a portion that tells of two nodes."""
    return holes.believed(Portion(partition, [], 1, TOLD, []))


def test_without_a_hole_everything_is_believed() -> None:
    """The usual state."""
    holes = Holes()
    holes.begin("1", 0, {})

    assert believed(holes) == TOLD
    assert holes.open() == set()


def test_behind_a_hole_nothing_is_believed() -> None:
    """Neither of nodes that were known before; other partitions are whole."""
    holes = Holes()
    holes.begin("1", 50, {"main": 0})

    assert believed(holes) == {}
    assert believed(holes, "2") == TOLD
    assert holes.open() == {"1"}


def test_a_refeed_mends_the_holes_that_it_saw() -> None:
    """For the nodes that it fed, up to the hole that stood then."""
    holes = Holes()
    holes.begin("1", 50, {})
    holes.heal([Refeed("main", {"1": 30}), Refeed("xiamen", {"1": 50, "2": 70})])

    assert believed(holes) == {"xiamen": TOLD["xiamen"]}
    assert (holes.past("1", "main"), holes.past("1", "xiamen")) == (30, 50)
    assert holes.open() == {"1"}
    holes.heal([Refeed("main", {"1": 50})])
    assert believed(holes) == TOLD
    assert holes.open() == set()


def test_a_later_hole_is_a_new_one() -> None:
    """Who is past the one is not past the other."""
    holes = Holes()
    holes.begin("1", 50, {"main": 50, "xiamen": 50})
    assert believed(holes) == TOLD
    holes.begin("1", 90, {"main": 50, "xiamen": 50})

    assert believed(holes) == {}


def test_a_partition_that_others_have_is_forgotten() -> None:
    """Its holes are theirs."""
    holes = Holes()
    holes.begin("1", 50, {"main": 50})
    holes.forget("1")

    assert (holes.standing("1"), holes.past("1", "main")) == (0, 0)
    assert holes.open() == set()


def test_a_hole_is_told_before_any_mark_came() -> None:
    """A topic of which everything is gone says nothing at all."""
    holes = Holes()
    holes.begin("1", 50, {})

    assert holes.open() == {"1"}
