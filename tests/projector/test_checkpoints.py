"""How far each node surely stands in every view."""

from services.backbone.warehouse import Warehouse
from services.projector.checkpoints import Checkpointer, read, write


def test_without_a_checkpoint_a_node_begins_at_its_beginning(warehouse: Warehouse) -> None:
    """A new warehouse names no node."""
    assert read(warehouse) == {}


def test_the_highest_position_counts(warehouse: Warehouse) -> None:
    """Each node keeps its newest checkpoint, whatever was written of others since."""
    write(warehouse, {"main": 10, "load-a": 3})
    write(warehouse, {"main": 12})

    assert read(warehouse) == {"main": 12, "load-a": 3}


def test_a_checkpoint_says_when_it_was_written(warehouse: Warehouse) -> None:
    """Other processes can tell how fresh it is."""
    write(warehouse, {"main": 10})

    assert warehouse.rows("SELECT abs(now64(6) - written_at) < 60 FROM checkpoints") == [(True,)]


def test_writing_is_not_more_often_than_asked(warehouse: Warehouse) -> None:
    """Within the interval what was reached waits, and is then written at once."""
    checkpointer = Checkpointer(warehouse, every_s=1.0)
    checkpointer.reached({"main": 1})
    checkpointer.write_if_due(100.0)
    checkpointer.reached({"main": 2})
    checkpointer.write_if_due(100.9)
    assert read(warehouse) == {"main": 1}
    checkpointer.reached({"main": 3, "load-a": 1})
    checkpointer.write_if_due(101.0)

    assert read(warehouse) == {"main": 3, "load-a": 1}


def test_nothing_new_is_not_written(warehouse: Warehouse) -> None:
    """A quiet projector leaves the table alone."""
    checkpointer = Checkpointer(warehouse, every_s=0)
    checkpointer.reached({"main": 1})
    checkpointer.write(0)
    checkpointer.write(1)
    checkpointer.write_if_due(2)

    assert warehouse.rows("SELECT count() FROM checkpoints") == [(1,)]
