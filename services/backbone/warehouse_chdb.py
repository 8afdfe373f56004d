"""A client of the ClickHouse engine in this process (chDB)."""

from __future__ import annotations

from pathlib import Path

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from services.backbone.warehouse_session import SESSION

# What one folder's engine may take: its own defaults are those of a whole server.
ENGINE = {
    "max_server_memory_usage": "1200000000",
    "mark_cache_size": "67108864",
    "primary_index_cache_size": "33554432",
    "index_mark_cache_size": "4194304",
    "uncompressed_cache_size": "0",
    "query_condition_cache_size": "8388608",
    "compiled_expression_cache_size": "16777216",
    "background_pool_size": "2",
}


def engine_client(path: str, database: str, options: dict[str, str]) -> Client:
    """A client of the engine of a folder; folder and database are made when not there.

    Raises ClickHouseError, also when another process holds the folder.
    """
    Path(path).mkdir(parents=True, exist_ok=True)
    client = clickhouse_connect.get_client(
        interface="chdb",
        path=path,
        chdb_options={**ENGINE, **options},
        settings=SESSION,
        tz_mode="aware",
    )
    # chDB's own default database cannot exchange tables.
    client.command(f"CREATE DATABASE IF NOT EXISTS {database} ENGINE = Atomic")
    client.database = database
    return client
