"""A read side on a real chDB, and what each of its parts stands on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Sixty hours of a made-up province, to be read only; for modules without other worlds."""
    with World(f"chdb://{tmp_path_factory.mktemp('history')}") as full:
        full.take(made_up(7))
        yield full
