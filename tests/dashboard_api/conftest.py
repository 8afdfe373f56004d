"""A read side on a real chDB, and what each of its parts stands on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.backbone.warehouse import Warehouse
from tests.dashboard_api.histories import made_up
from tests.dashboard_api.world import World
from tests.support.warehouse import engine, warehouse_dsn

__all__ = ["engine", "history", "warehouse_dsn", "world"]


@pytest.fixture
def world(warehouse_dsn: str) -> Iterator[World]:
    """An empty world."""
    with World(warehouse_dsn) as empty:
        yield empty


@pytest.fixture(scope="module")
def history(engine: Warehouse) -> Iterator[World]:
    """Sixty hours of a made-up province, to be read only."""
    ((folder,),) = engine.rows("SELECT path FROM system.disks WHERE name = 'default'")
    with World(f"chdb://{folder}?database=history") as full:
        full.take(made_up(7))
        yield full
