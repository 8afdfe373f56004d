"""Starting and ending the stand-in, as a process of its own on a free loopback port."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from services.backbone.warehouse import make_database
from tests.support.clickhouse.users import USERS
from tests.support.ports import free_port

DATABASE = "yiping"


class ClickHouse:
    """One server on a folder; can be killed and started again on the same port."""

    def __init__(self, path: Path, *, port: int = 0, options: tuple[str, ...] = ()) -> None:
        """``options`` are NAME=VALUE settings of the engine."""
        self.path = path
        self.port = port or free_port()
        self._options = [word for option in options for word in ("--option", option)]
        self._log = path.parent / f"{path.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def dsn(
        self, user: str = "migrator", *, database: str = DATABASE, port: int = 0, options: str = ""
    ) -> str:
        """How a user reaches it, or a proxy before it (``port``); ``options`` go behind a ?."""
        password = USERS[user].password
        address = f"{user}:{password}@127.0.0.1:{port or self.port}/{database}"
        return f"clickhouse://{address}{'?' if options else ''}{options}"

    def start(self) -> Self:
        """Start it and wait until it answers; raises RuntimeError with its log's end."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            # It ends with this process, however that ends: its input is then closed.
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "tests.support.clickhouse", "--attached",
                    "--path", str(self.path), "--port", str(self.port), *self._options,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )  # fmt: skip
        assert self.process.stdout is not None
        if b"answers as ClickHouse" not in self.process.stdout.readline():
            self.process.wait()
            raise RuntimeError(f"the stand-in did not start; its log ends:\n{self.log[-3000:]}")
        return self

    def create_database(self, name: str) -> str:
        """Make an empty database as a migrator does; tells its name."""
        make_database(self.dsn(database=name))
        return name

    def kill(self) -> None:
        """kill -9, as a power cut would; what was written stays."""
        assert self.process is not None
        self.process.kill()
        self._ended()

    def stop(self) -> None:
        """Ask it to end and wait."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._ended()

    def _ended(self) -> None:
        assert self.process is not None
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
