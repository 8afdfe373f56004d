"""kill -9 of the whole server under load with faults mixed in: nothing lost, nothing doubled.

The oracle is a pure fold of the event store (``views check``), the chain of hashes
(``verify``) and the simulator's journal of the answer that each event must get.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from services.backbone.sqlite_store import SQLiteEventStore
from tests.support.server import Server

SLICE_RATE_EV_S = 80
SOAK_RATE_EV_S = 250
PAUSE_S = (0.4, 2.5)
PATIENCE_S = 120.0


class Line(msgspec.Struct):
    """As much of a journal's line as this test reads."""

    given: dict[str, object] | None = None


def _simulator(server: Server, journal: Path, seed: int, rate_ev_s: int) -> subprocess.Popen[bytes]:
    with server.data.with_suffix(".simulator.log").open("ab") as log:
        return subprocess.Popen(
            [
                sys.executable, "-m", "services", "simulate",
                "--url", server.url, "--data", str(server.data),
                "--rate", str(rate_ev_s), "--seed", str(seed), "--faults", "0.1",
                "--journal", str(journal), "--quiet",
            ],
            stdout=log,
            stderr=log,
        )  # fmt: skip


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments], capture_output=True, text=True, check=False
    )


def _kill_loop(folder: Path, kills: int, seed: int, rate_ev_s: int) -> None:
    """Kill and start the server again and again, then hold what is left to the oracle."""
    chance = random.Random(seed)
    server, journal = Server(folder / "data"), folder / "journal.ndjson"
    server.start()
    simulator = _simulator(server, journal, seed, rate_ev_s)
    try:
        for _ in range(kills):
            with pytest.raises(subprocess.TimeoutExpired):
                simulator.wait(chance.uniform(*PAUSE_S))
            server.kill()
            server.start(wait=chance.random() < 0.7)
        server.wait_ready()
        with pytest.raises(subprocess.TimeoutExpired):
            simulator.wait(3)
        simulator.terminate()
        assert simulator.wait(PATIENCE_S) in (0, 130), (folder / "data.simulator.log").read_text()
    finally:
        simulator.kill()
        simulator.wait()
        server.stop()
    _hold_to_oracle(server, journal)


def _hold_to_oracle(server: Server, journal: Path) -> None:
    data = str(server.data)
    for command in (("views", "check", "--data", data), ("verify", "--data", data)):
        outcome = _run(*command)
        assert outcome.returncode == 0, outcome.stdout[-3000:] + outcome.stderr[-3000:]
    outcome = _run("simulate", "--check", str(journal))
    assert outcome.returncode == 0, outcome.stdout[-3000:] + outcome.stderr[-3000:]
    _each_accepted_once(server, journal)


def _each_accepted_once(server: Server, journal: Path) -> None:
    """Every position that was answered "accepted" is there, and no event is there twice."""
    store = SQLiteEventStore(server.data / "events.sqlite", write=False)
    stored: Counter[tuple[str, str]] = Counter()
    positions: set[tuple[str, int]] = set()
    for node in store.heads():
        for part in store.rows(node):
            for row in part:
                fact = msgspec.json.decode(row.stored)
                stored[fact["source"], fact["id"]] += 1
                positions.add((node, row.position))
    store.close()
    lines = [
        msgspec.json.decode(line, type=Line) for line in journal.read_bytes().splitlines() if line
    ]
    accepted = [g for line in lines if (g := line.given) and g.get("status") == "accepted"]

    assert accepted
    assert stored.most_common(1)[0][1] == 1
    assert {(str(g["node"]), int(str(g["position"]))) for g in accepted} <= positions


def test_three_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """After three kills under load every view equals the fold and every answer was right."""
    _kill_loop(tmp_path, kills=3, seed=3, rate_ev_s=SLICE_RATE_EV_S)


@pytest.mark.soak
def test_fifty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """After fifty kills at random the same holds."""
    _kill_loop(tmp_path, kills=50, seed=50, rate_ev_s=SOAK_RATE_EV_S)
