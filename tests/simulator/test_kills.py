"""kill -9 of the server and of the simulator, under load, with faults mixed in."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from services.backbone.sqlite_store import SQLiteEventStore
from services.simulator import journal
from tests.simulator.processes import kill, start, wait_for
from tests.support.server import Server

FAULTS = ("--faults", "0.25", "--days", "0.3")


class Scene:
    """A server and a simulator that are killed in turn, each when something was answered."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.data = folder / "data"
        self.random = random.Random(seed)
        self.server = Server(self.data, command="ingest").start()
        self.simulator: subprocess.Popen[bytes] = start(self.server.url, self.data, *FAULTS)

    @property
    def _answered(self) -> int:
        file = self.data / "journal"
        return file.stat().st_size if file.exists() else 0

    def more_is_answered(self, answers: int) -> None:
        """Wait until the journal has grown by about so many answers."""
        until = self._answered + answers * 600
        wait_for(lambda: self._answered >= until)

    def kill_one(self, which: str) -> None:
        """Kill it some way into what it is doing, and begin it again."""
        self.more_is_answered(self.random.randrange(20, 1500))
        if which == "server":
            self.server.kill()
            self.server.start()
        else:
            kill(self.simulator)
            self.simulator = start(self.server.url, self.data, *FAULTS)

    def end(self) -> list[journal.Line]:
        """Let it come to rest, and give what was answered."""
        self.more_is_answered(200)
        self.simulator.terminate()
        code = self.simulator.wait(60)
        kill(self.simulator)
        self.server.stop()
        assert code == 0
        assert list(journal.differences(journal.read(self.data / "journal"))) == []
        return list(journal.read(self.data / "journal"))


def killed(folder: Path, kills: int, seed: int) -> None:
    """Every answer is the one it had to be, and all that was accepted is there once."""
    scene = Scene(folder, seed)
    try:
        for n in range(kills):
            scene.kill_one("simulator" if n % 3 == 1 else "server")
        lines = scene.end()
    finally:
        kill(scene.simulator)
        scene.server.stop()
    places = Counter(
        (line.given.node, line.given.position) for line in lines if line.given.status == "accepted"
    )
    store = SQLiteEventStore(scene.server.data / "events.sqlite", write=False)
    recorded = sum(head.position for head in store.heads().values())
    store.close()
    assert max(places.values()) == 1
    known = {
        (line.given.node, line.given.position) for line in lines if line.given.status == "duplicate"
    }
    assert len(set(places) | known) <= recorded
    assert sum(line.sent_before for line in lines) > 0


def test_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    """A short slice."""
    killed(tmp_path, kills=4, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_many_kills_lose_nothing_and_double_nothing(tmp_path: Path, seed: int) -> None:
    """Fifty kills in a row."""
    killed(tmp_path, kills=50, seed=seed)
