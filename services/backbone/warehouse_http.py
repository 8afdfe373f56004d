"""A client of a ClickHouse server over HTTP, from its DSN.

Options of the DSN: ``connect_s``, ``answer_s`` (a query that says nothing for so long has
failed; 15 or more, for a busy server gives a sign of life every ten seconds), ``command_s``
(the same for statements that may take long), ``attempts`` (of a read), ``compression`` (lz4,
zstd or none), ``ca`` (a file of certificates); any other is a setting of every query.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.httputil import all_managers, get_pool_manager_options
from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.exceptions import ProtocolError

from services.backbone.errors import SettingInvalid, WarehouseFailed
from services.backbone.warehouse_session import CLUSTER, DISPENSABLE, SESSION

COMPRESSIONS = ("none", "lz4", "zstd")
IDLE_CONNECTIONS = 64
"""So many connections are kept for the next query; more may work at once."""

_SETTING = re.compile(r"[a-z][a-z0-9_]*")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a read is tried, and the pauses between."""

    attempts: int = 3
    first_pause_s: float = 0.05
    within_s: float = 30.0
    """No attempt begins later than this after the first: one that hung is reported at once."""
    clock_s: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] = time.sleep
    jitter: Callable[[], float] = random.random

    def read(self, attempt: Callable[[], _T]) -> _T:
        """Ask again after a passing failure; raises the last WarehouseFailed."""
        until_s = self.clock_s() + self.within_s
        for tried in range(1, self.attempts):
            try:
                return attempt()
            except WarehouseFailed as error:
                if not error.temporary or self.clock_s() >= until_s:
                    raise
            self.pause(self.first_pause_s * 2.0**tried * self.jitter())
        return attempt()


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is and how to speak with it."""

    host: str
    port: int
    user: str
    password: str
    database: str
    secure: bool
    connect_s: int = 5
    answer_s: int = 30
    command_s: int = 900
    attempts: int = 3
    compression: str | None = None
    ca: str | None = None
    settings: tuple[tuple[str, str], ...] = ()


def server_of(dsn: str, database: Callable[[str], str]) -> Server:
    """Read a DSN; ``database`` proves the name of one.  Raises SettingInvalid."""
    parts = urlsplit(dsn)
    options = dict(parse_qsl(parts.query))
    compression = options.pop("compression", "none")
    if compression not in COMPRESSIONS:
        raise SettingInvalid("YIPING_WAREHOUSE", compression, f"one of {', '.join(COMPRESSIONS)}")
    secure = parts.scheme == "clickhouses"
    numbers = {
        name: _positive(name, options.pop(name))
        for name in ("connect_s", "answer_s", "command_s", "attempts")
        if name in options
    }
    return Server(
        host=parts.hostname or "localhost",
        port=parts.port or (8443 if secure else 8123),
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=database(parts.path.strip("/")),
        secure=secure,
        compression=None if compression == "none" else compression,
        ca=options.pop("ca", None),
        settings=tuple(sorted((_setting(name), value) for name, value in options.items())),
        **numbers,
    )


class _Connections(PoolManager):
    """Connections that take no answer whose head broke off.

    http.client takes the end of a connection for the end of the head, and the driver would
    then take the answer for an empty one.
    """

    def urlopen(  # type: ignore[override]  # narrower: urllib3 says Any
        self, method: str, url: str, redirect: bool = True, **options: Any
    ) -> BaseHTTPResponse:
        """As PoolManager's; raises ProtocolError for such an answer."""
        answer = super().urlopen(method, url, redirect, **options)
        if not (answer.headers.get("Content-Length") or answer.headers.get("Transfer-Encoding")):
            answer.close()
            raise ProtocolError("the head of the answer broke off")
        return answer


def connections(server: Server) -> PoolManager:
    """A pool of connections that any number of threads may share."""
    return _Connections(**get_pool_manager_options(ca_cert=server.ca, maxsize=IDLE_CONNECTIONS))


def disconnect(pool: PoolManager) -> None:
    """Close what the pool holds."""
    pool.clear()
    all_managers.pop(pool, None)


def client_of(server: Server, pool: PoolManager, timeout_s: int) -> Client:
    """A client without a session, which any number of threads may use at once.

    Raises ClickHouseError when the server cannot be reached or knows no such user.
    """
    client = clickhouse_connect.get_client(
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        secure=server.secure,
        pool_mgr=pool,
        compress=server.compression or False,
        connect_timeout=server.connect_s,
        send_receive_timeout=timeout_s,
        query_retries=0,
        # Queries of one session would wait for one another.
        autogenerate_session_id=False,
        tz_mode="aware",
    )
    wanted: dict[str, Any] = {**SESSION, **CLUSTER, **dict(server.settings)}
    for name, value in wanted.items():
        if name in client.server_settings or name not in DISPENSABLE:
            client.set_client_setting(name, value)
    return client


def _positive(name: str, value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise SettingInvalid("YIPING_WAREHOUSE", f"{name}={value}", "a positive whole number")
    return int(value)


def _setting(name: str) -> str:
    if not _SETTING.fullmatch(name):
        raise SettingInvalid("YIPING_WAREHOUSE", name, "the name of a ClickHouse setting")
    return name
