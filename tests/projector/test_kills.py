"""kill -9 in the middle of inserts, again and again: nothing lost, nothing doubled."""

import random
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from tests.support.records import province

LONGEST_LIFE_S = 1.5


def projected(folder: Path, log: Path, delay_s: float) -> subprocess.CompletedProcess[str]:
    """One life of a projector."""
    return subprocess.run(
        [sys.executable, "-m", "tests.projector.killed", folder, log, str(delay_s)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def kills(tmp_path: Path, *, seed: int, times: int, records: int) -> None:
    """Kill a projector so many times, each time at another moment, then let one live."""
    made = random.Random(seed)
    log = tmp_path / "log"
    entries = list(islice(province(seed, per_day=2_000, at_once=100), records))
    log.write_bytes(msgspec.msgpack.encode(entries))
    for _ in range(times):
        killed = projected(tmp_path / "views", log, made.uniform(0.01, LONGEST_LIFE_S))
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    survivor = projected(tmp_path / "views", log, 0)

    assert (survivor.returncode, survivor.stdout) == (0, ""), survivor.stderr


def test_three_kills_change_nothing(tmp_path: Path) -> None:
    """Whatever an insert had reached, the views equal the fold afterwards."""
    kills(tmp_path, seed=20261116, times=3, records=6_000)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
def test_many_kills_change_nothing(tmp_path: Path, seed: int) -> None:
    """As above, at many more moments."""
    kills(tmp_path, seed=seed, times=25, records=60_000)
