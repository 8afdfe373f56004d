"""The chDB engine behind the interface: handles that are bound to a user, a database, settings.

A handle keeps what was SET on it, so a request takes one on which its own settings stand
already; a new one costs a fifth of a millisecond.  Each works for one request at a time.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import chdb

from tests.support.clickhouse.users import User

IDLE_HANDLES = 64

# Where the engine in a process differs from a server.
_AS_A_SERVER = (("implicit_select", "0"),)

Settings = tuple[tuple[str, str], ...]
_Key = tuple[User, str, Settings]

_NUMBER = re.compile(r"Code: (\d+)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class EngineError(Exception):
    """What the engine refused, with its number."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


class Answer(NamedTuple):
    """What the engine said."""

    body: bytes
    summary: dict[str, str]


class Engine:
    """One folder's engine; safe to use from many threads."""

    def __init__(self, path: Path, options: Mapping[str, str]) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._dsn = f"{path.resolve()}?{urlencode(options)}"
        self._idle: OrderedDict[int, tuple[_Key, Any]] = OrderedDict()
        self._lock = threading.Lock()
        # The last handle to be closed stops the engine.
        self._keeper = _connect(self._dsn)
        self.version = self._keeper.query("SELECT version()", "TabSeparated").bytes().decode()[:-1]
        self.zone = self._keeper.query("SELECT timezone()", "TabSeparated").bytes().decode()[:-1]

    def query(
        self,
        user: User,
        database: str,
        settings: Settings,
        statement: str,
        parameters: Mapping[str, str],
        fmt: str,
    ) -> Answer:
        """Run a statement; raises EngineError."""
        with self._handle(user, database, settings) as handle, _errors():
            found = handle.query(statement, fmt, params=dict(parameters))
            return Answer(
                found.bytes() or b"",
                {
                    "read_rows": str(found.storage_rows_read()),
                    "read_bytes": str(found.storage_bytes_read()),
                    "result_rows": str(found.rows_read()),
                    "elapsed_ns": str(int(found.elapsed() * 1e9)),
                },
            )

    def insert(
        self,
        user: User,
        database: str,
        settings: Settings,
        statement: str,
        fmt: str,
        chunks: Iterable[bytes],
    ) -> Answer:
        """Insert data as they come in; raises EngineError, and what ``chunks`` raises.

        When the data break off, blocks that were whole may stand, as on a server.
        """
        with self._handle(user, database, settings) as handle, _errors():
            with handle.send_insert(statement, fmt) as inserter:
                for chunk in chunks:
                    inserter.append(chunk)
                done = inserter.finish()
            return Answer(
                b"",
                {
                    "written_rows": str(done.rows_written),
                    "written_bytes": str(done.bytes_written),
                    "elapsed_ns": str(int(done.elapsed * 1e9)),
                },
            )

    def close(self) -> None:
        """Stop the engine; what is written stays."""
        with self._lock:
            for _, handle in self._idle.values():
                handle.close()
            self._idle.clear()
            self._keeper.close()

    @contextmanager
    def _handle(self, user: User, database: str, settings: Settings) -> Iterator[Any]:
        key = (user, database, settings)
        handle = self._taken(key)
        if handle is None:
            handle = self._opened(key)
        try:
            yield handle
        except BaseException:
            # A broken statement may leave anything behind.
            handle.close()
            raise
        with self._lock:
            self._idle[id(handle)] = key, handle
            spare = self._idle.popitem(last=False)[1][1] if len(self._idle) > IDLE_HANDLES else None
        if spare is not None:
            spare.close()

    def _taken(self, key: _Key) -> Any | None:
        with self._lock:
            for name, (held, handle) in reversed(self._idle.items()):
                if held == key:
                    del self._idle[name]
                    return handle
        return None

    def _opened(self, key: _Key) -> Any:
        user, database, settings = key
        handle = _connect(self._dsn)
        try:
            with _errors():
                if database:
                    handle.query(f"USE `{database}`")
                for name, value in (*_AS_A_SERVER, *settings, *user.bounds):
                    handle.query(f"SET {_setting(name)} = {_quoted(value)}")
        except EngineError:
            handle.close()
            raise
        return handle


def _connect(dsn: str) -> Any:
    return chdb.connect(dsn)  # type: ignore[no-untyped-call]  # it has no types


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        message = str(error)
        begin = message.find("Code: ")
        number = _NUMBER.search(message)
        raise EngineError(message[max(begin, 0) :], int(number[1]) if number else 1002) from None


def _setting(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise EngineError(
            f"Code: 115. DB::Exception: Unknown setting {name!r}. (UNKNOWN_SETTING)", 115
        )
    return name


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
