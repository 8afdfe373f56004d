"""A simulated province that posts to a cluster's ingest, with a journal of every answer."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.support.cluster import Cluster
from tests.support.processes import Process

LEAST_GROWTH_BYTES = 5_000
WAIT_S = 120.0
POLL_S = 0.02


class Traffic:
    """One simulator; it waits for an ingest that is away and sends again what had no answer."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        seed: int = 1,
        rate_ev_s: int = 12,
        faults: float = 0.1,
    ) -> None:
        """``faults``: the share of messages that are resent, late, disordered or broken."""
        self.journal = cluster.folder / "journal.ndjson"
        self._process = Process(
            [
                sys.executable, "-m", "services", "simulate",
                "--url", cluster["ingest"].url, "--data", str(cluster.data),
                "--rate", str(rate_ev_s), "--seed", str(seed), "--faults", str(faults),
                "--journal", str(self.journal), "--quiet",
            ],
            cluster.folder / "simulator.log",
            environment=os.environ | cluster.settings("reader"),
        )  # fmt: skip

    def start(self) -> None:
        """Begin to post, and wait until the first answers are there."""
        self._process.start()
        self.wait_for_answers()

    def wait_for_answers(self) -> None:
        """Wait until more was answered than is now; raises TimeoutError."""
        until = _size(self.journal) + LEAST_GROWTH_BYTES
        deadline = time.monotonic() + WAIT_S
        while _size(self.journal) < until:
            if time.monotonic() > deadline or not self._process.alive:
                raise TimeoutError(f"nothing more is answered:\n{self._process.tail()}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Let every open request be answered, then end; what was not answered is not journaled."""
        status = self._process.stop(WAIT_S)
        assert status in (0, 130), self._process.tail()

    def end(self) -> None:
        """End it where it still runs, whatever it says."""
        if self._process.alive:
            self._process.kill()


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
