"""One job at a time changes the views of a server or a cluster.

On one server the lock is a table: whoever makes it has it, and its comment says who that is.
In a cluster it is a row that Keeper takes once (KeeperMap in its strict mode), the same for
every server.  A job that was killed leaves it behind; nobody takes it away unasked.
An engine in the process needs none: its folder has one process.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from services.backbone.errors import WarehouseFailed
from services.backbone.warehouse import Warehouse
from services.projector.errors import ViewsHeld

LOCK = "views_lock"
BREAKING = "yiping views unlock"

_MAKE = "CREATE TABLE {table} (held UInt8) ENGINE = Memory COMMENT '{holder}'"
_HOLDER = (
    "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = {name:String}"
)
_MAKE_ROWS = (
    "CREATE TABLE IF NOT EXISTS {table} ON CLUSTER '{cluster}' (name String, holder String)"
    " ENGINE = KeeperMap('/yiping/{database}/{table}') PRIMARY KEY name"
)
_TAKE_ROW = (
    "INSERT INTO views_lock (name, holder) SETTINGS keeper_map_strict_mode = 1"
    " VALUES ('views', {holder:String})"
)
_ROW_HOLDER = "SELECT holder FROM views_lock WHERE name = 'views'"
_DROP_ROW = "DELETE FROM views_lock WHERE name = 'views'"


def this_job(now: datetime | None = None) -> str:
    """A name for this job, unlike any other's, that tells an operator where and since when."""
    since = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    host = "".join(c for c in socket.gethostname() if c.isalnum() or c in ".-_")
    return f"process {os.getpid()} on {host} since {since} ({secrets.token_hex(4)})"


@contextmanager
def held(warehouse: Warehouse, cluster: str = "", holder: str = "") -> Iterator[None]:
    """Hold the lock meanwhile; raises ViewsHeld when another job has it, and WarehouseFailed."""
    if not warehouse.shared:
        yield
        return
    holder = holder or this_job()
    _take(warehouse, cluster, holder)
    try:
        yield
    finally:
        if holder_of(warehouse, cluster) == holder:
            break_lock(warehouse, cluster)


def holder_of(warehouse: Warehouse, cluster: str = "") -> str | None:
    """Who holds the lock; None: nobody.  Raises WarehouseFailed."""
    standing = warehouse.rows(_HOLDER, {"name": LOCK})
    if cluster and standing:
        standing = warehouse.rows(_ROW_HOLDER)
    return str(standing[0][0]) if standing else None


def break_lock(warehouse: Warehouse, cluster: str = "") -> None:
    """Take the lock away from whoever has it.  Raises WarehouseFailed."""
    warehouse.command(_DROP_ROW if cluster else f"DROP TABLE IF EXISTS {LOCK} SYNC")


def _take(warehouse: Warehouse, cluster: str, holder: str) -> None:
    try:
        if cluster:
            names = {"table": LOCK, "cluster": cluster, "database": warehouse.database}
            warehouse.command(_MAKE_ROWS.format(**names))
            warehouse.command(_TAKE_ROW, {"holder": holder})
        else:
            warehouse.command(_MAKE.format(table=LOCK, holder=holder))
    except WarehouseFailed:
        # The answer may have been lost on the way when it was taken by us.
        other = holder_of(warehouse, cluster)
        if other is None:
            raise
        if other != holder:
            raise ViewsHeld(other, BREAKING) from None
