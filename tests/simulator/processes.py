"""The simulator as a process of its own, which tests stop or kill."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

WAIT_S = 90.0
POLL_S = 0.02


def start(url: str, data: Path, *more: str) -> subprocess.Popen[bytes]:
    """Three busy centres, with the memory and the journal in the server's folder."""
    return subprocess.Popen(
        [
            sys.executable, "-m", "services", "simulate", "--url", url, "--data", str(data),
            "--centres", "3", "--rate", "200", "--journal", str(data / "journal"), *more,
        ],
        stderr=subprocess.PIPE,
    )  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9, and let go of it."""
    process.kill()
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


@contextmanager
def started(url: str, data: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Such a process, which is ended in any case."""
    process = start(url, data, *more)
    try:
        yield process
    finally:
        kill(process)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds; raises TimeoutError."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it never came about")
        time.sleep(POLL_S)
