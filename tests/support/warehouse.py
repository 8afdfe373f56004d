"""A real chDB for tests: one engine for each module, an empty database for each test.

One process can hold one engine folder at a time, so a module lets go of its own at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from services.backbone.warehouse import Warehouse, connect
from services.projector.migrations import apply
from tests.support.projecting import empty

_numbers = count(1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A client that keeps the module's engine running."""
    client = connect(f"chdb://{tmp_path_factory.mktemp('views')}?database=kept")
    yield client
    client.close()


@pytest.fixture
def warehouse_dsn(engine: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of an empty database, dropped after the test."""
    ((folder,),) = engine.rows("SELECT path FROM system.disks WHERE name = 'default'")
    database = f"test_{next(_numbers)}"
    yield f"chdb://{folder}?database={database}"
    engine.command(f"DROP DATABASE IF EXISTS {database} SYNC")


@pytest.fixture
def empty_warehouse(warehouse_dsn: str) -> Iterator[Warehouse]:
    """A client of an empty database."""
    client = connect(warehouse_dsn)
    yield client
    client.close()


@pytest.fixture
def own_warehouse(empty_warehouse: Warehouse) -> Warehouse:
    """A client of a database of its own with all views, which the test may change."""
    apply(empty_warehouse)
    return empty_warehouse


@pytest.fixture(scope="module")
def standing_warehouse(engine: Warehouse) -> Warehouse:
    """The module's own database with all views."""
    apply(engine)
    return engine


@pytest.fixture
def warehouse(standing_warehouse: Warehouse) -> Warehouse:
    """The module's database with all views and no events; the test leaves the views standing."""
    apply(standing_warehouse)
    empty(standing_warehouse)
    return standing_warehouse
