"""Waiting until an engine has put together what was just inserted.

A fill of minutes leaves merges for minutes more, which take every core.  What is asked meanwhile
tells how long a query waits for a core, not how long it takes.
"""

from __future__ import annotations

import time

from services.backbone.warehouse import Warehouse

QUIET_S = 5


def settled(warehouse: Warehouse) -> None:
    """Return once nothing has been merged for a while."""
    began = quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET_S:
        time.sleep(0.2)
        ((merges,),) = warehouse.rows("SELECT count() FROM system.merges")
        if merges:
            quiet_since = time.monotonic()
    print(f"merged for {quiet_since - began:.0f} s", flush=True)
