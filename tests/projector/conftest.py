"""What the tests of the projector share: a real chDB."""

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
