"""What the tests of the projector share: a real chDB, and a day."""

import pytest

from tests.projector.days import Day
from tests.support.warehouse import (
    empty_warehouse,
    engine,
    own_warehouse,
    standing_warehouse,
    warehouse,
    warehouse_dsn,
)

__all__ = [
    "empty_warehouse",
    "engine",
    "own_warehouse",
    "standing_warehouse",
    "warehouse",
    "warehouse_dsn",
]


@pytest.fixture
def day() -> Day:
    """A day without facts."""
    return Day()
