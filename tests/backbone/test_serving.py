"""A process that serves HTTP, where something in it hangs."""

from __future__ import annotations

import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import Process
from tests.support.service import POLL_S, READY_S

LONGER_S = 6.0
PROGRAM = """
import sys, threading, time
from fastapi import FastAPI
from services.backbone import serving

serving.HANGS_S = {hangs_s}
app = FastAPI()

@app.get("/hang")
async def waits_for_what_never_comes() -> None:
    time.sleep(60)

def work() -> None:
    raise RuntimeError("what nobody thought of")

@app.get("/die")
async def die() -> None:
    threading.Thread(target=work, name="worker", daemon=True).start()

@app.get("/")
async def get() -> None:
    pass

sys.exit(serving.serve(app, "127.0.0.1", {port}))
"""


def _served(folder: Path, hangs_s: int) -> tuple[Process, str]:
    port = free_port()
    program = PROGRAM.format(hangs_s=hangs_s, port=port)
    process = Process([sys.executable, "-c", program], folder / "log")
    return process.start(), f"http://127.0.0.1:{port}"


def _asked(url: str, timeout_s: float) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=timeout_s):  # noqa: S310
        return True
    return False


def _wait_until_served(process: Process, url: str) -> None:
    deadline_s = time.monotonic() + READY_S
    while not _asked(url, READY_S):
        _ = process.pid  # raises with its log's end when it has ended
        assert time.monotonic() < deadline_s, process.tail()
        time.sleep(POLL_S)


def test_what_hangs_ends_and_says_where(tmp_path: Path) -> None:
    """Nothing moves for longer than it may: the process exits by itself, its stacks in its log."""
    process, url = _served(tmp_path, hangs_s=2)
    try:
        _wait_until_served(process, url)
        _asked(f"{url}/hang", READY_S)
    finally:
        status = process.stop()
    assert status == 1
    assert "waits_for_what_never_comes" in process.log


def test_a_thread_that_dies_ends_the_process(tmp_path: Path) -> None:
    """In good order, with a status that has it begun anew, and its name and reason in the log."""
    process, url = _served(tmp_path, hangs_s=60)
    try:
        _wait_until_served(process, url)
        assert _asked(f"{url}/die", READY_S)
        deadline_s = time.monotonic() + READY_S
        while _asked(url, READY_S):
            assert time.monotonic() < deadline_s, process.tail()
            time.sleep(POLL_S)
    finally:
        status = process.stop()
    assert status == 1
    assert "the thread worker has died" in process.log
    assert "what nobody thought of" in process.log


def test_what_works_goes_on(tmp_path: Path) -> None:
    """For longer than nothing may move, and ends as it is asked to."""
    process, url = _served(tmp_path, hangs_s=4)
    try:
        _wait_until_served(process, url)
        deadline_s = time.monotonic() + LONGER_S
        while time.monotonic() < deadline_s:
            assert _asked(url, READY_S)
            time.sleep(POLL_S)
    finally:
        status = process.stop()
    assert status == 0, process.tail()
