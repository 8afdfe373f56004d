"""A read side on a real chDB, and what each of its parts stands on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.backbone.warehouse import Warehouse
from tests.dashboard_api.histories import made_up
from tests.dashboard_api.world import World
from tests.support.warehouse import engine, standing_warehouse, warehouse

__all__ = ["engine", "history", "standing_warehouse", "warehouse", "world"]


@pytest.fixture
def world(warehouse: Warehouse) -> Iterator[World]:
    """An empty world: the module's database, whose views stand already."""
    ((folder,),) = warehouse.rows("SELECT path FROM system.disks WHERE name = 'default'")
    with World(f"chdb://{folder}?database=kept") as standing:
        yield standing


@pytest.fixture(scope="module")
def history(engine: Warehouse) -> Iterator[World]:
    """Sixty hours of a made-up province, to be read only."""
    ((folder,),) = engine.rows("SELECT path FROM system.disks WHERE name = 'default'")
    with World(f"chdb://{folder}?database=history") as full:
        full.take(made_up(7))
        yield full
