"""What the tests of the adapters share: a real chDB."""

from tests.support.warehouse import empty_warehouse, engine, warehouse_dsn

__all__ = ["empty_warehouse", "engine", "warehouse_dsn"]
