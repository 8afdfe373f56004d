"""Waiting until an engine has put together what was just inserted.

A fill of minutes leaves merges for minutes more, which take every core.  What is asked meanwhile
tells how long a query waits for a core, not how long it takes.
"""

from __future__ import annotations

import time

from services.backbone.warehouse import Warehouse
from tests.support.projecting import parts_of

QUIET_S = 5
DAY_S = 86_400
AGED = ("histories", "links")
"""What has stood for a day is put together in these."""


def settled(warehouse: Warehouse) -> None:
    """Return once nothing has been merged for a while."""
    began = quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET_S:
        time.sleep(0.2)
        ((merges,),) = warehouse.rows("SELECT count() FROM system.merges")
        if merges:
            quiet_since = time.monotonic()
    print(f"merged for {quiet_since - began:.0f} s", flush=True)


def aged(warehouse: Warehouse) -> None:
    """Return once parts stand as they do a day later, the engine itself having seen to it."""
    began = time.monotonic()
    for table in AGED:
        warehouse.command(_aged_after(table, 1))
        while parts_of(warehouse, table) > 1:
            time.sleep(0.2)
        warehouse.command(_aged_after(table, DAY_S))
    print(f"aged for {time.monotonic() - began:.0f} s", flush=True)


def _aged_after(table: str, age_s: int) -> str:
    return f"ALTER TABLE {table} MODIFY SETTING min_age_to_force_merge_seconds = {age_s}"
