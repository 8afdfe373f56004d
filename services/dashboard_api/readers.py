"""Queries off the event loop: a few reading clients, each used by one thread at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources
from queue import SimpleQueue
from typing import Any

from services.backbone.warehouse import Warehouse

Row = tuple[Any, ...]


@cache
def sql(name: str) -> str:
    """The text of a query file of this package, without its comments."""
    text = (resources.files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


class Readers:
    """Runs queries, as many at once as there are clients; the clients are closed with it.

    A warehouse client serialises its calls, so each works for one query at a time.
    """

    def __init__(self, clients: Sequence[Warehouse]) -> None:
        self._clients = tuple(clients)
        self._free: SimpleQueue[Warehouse] = SimpleQueue()
        for client in clients:
            self._free.put(client)
        self._pool = ThreadPoolExecutor(len(clients), thread_name_prefix="reader")

    async def rows(self, query: str, parameters: Mapping[str, Any]) -> list[Row]:
        """The rows of a query; raises WarehouseFailed."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._run, query, parameters)

    def close(self) -> None:
        """Wait for what runs, then let go of the clients."""
        self._pool.shutdown()
        for client in self._clients:
            client.close()

    def _run(self, query: str, parameters: Mapping[str, Any]) -> list[Row]:
        client = self._free.get()
        try:
            return client.rows(query, parameters)
        finally:
            self._free.put(client)
