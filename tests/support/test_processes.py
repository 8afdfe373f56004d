"""Tests of the processes that tests start: ended with whoever started them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.processes import Process

STARTS_ONE_AND_WAITS = """
import sys
from pathlib import Path
from tests.support.processes import Process
process = Process(["sleep", "600"], Path(sys.argv[1]))
process.start()
print(process.pid, flush=True)
sys.stdin.read()
"""


def _gone(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        # Nobody collects an orphan in a container whose first process does not.
        return process.status() == psutil.STATUS_ZOMBIE or bool(process.wait(10)) or True
    except psutil.NoSuchProcess:
        return True


def test_ends_though_its_starter_is_killed(tmp_path: Path) -> None:
    """kill -9 of the starter ends what it has started."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE_AND_WAITS, str(tmp_path / "log")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert psutil.pid_exists(pid)

        starter.kill()

        assert _gone(pid)


def test_stop_ends_a_paused_process(tmp_path: Path) -> None:
    """A stop lets a paused process go on first, so that it can end in order."""
    process = Process(["sleep", "600"], tmp_path / "log")
    process.start()
    process.pause()

    assert process.stop() == -signal.SIGTERM
    assert not process.alive


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """Who ignores the request to end is killed, and the caller is told."""
    process = Process(
        ["sh", "-c", "trap '' TERM; echo up; while :; do read _; done"], tmp_path / "log"
    )
    process.start()
    while "up" not in process.log:
        assert process.alive

    with pytest.raises(subprocess.TimeoutExpired):
        process.stop(timeout_s=0.2)
    assert not process.alive


def test_its_end_is_told_with_its_log(tmp_path: Path) -> None:
    """Asking for the id of one that has ended by itself raises with what it said."""
    process = Process(["sh", "-c", "echo no room; exit 3"], tmp_path / "log")
    process.start()
    while process.alive:
        pass

    with pytest.raises(RuntimeError, match="no room"):
        _ = process.pid
    assert process.stop() == 3
