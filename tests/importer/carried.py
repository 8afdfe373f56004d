"""An import as a process of its own, with its server, that somebody may kill on the way."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.server import Server

PROJECT = Path(__file__).parent.parent.parent
MAPPINGS = PROJECT / "mappings"
STEP_S = 0.01
IN_FLIGHT_S = 0.3
WHOLE_S = 1800
SHOWN_S = 300


class Import:
    """One import of a file of ``count`` rows, each of which is an event."""

    def __init__(
        self, folder: Path, file: Path, batch: int, *, mapping: Path, root: str, count: int
    ) -> None:
        """``root`` is the organisation above all of the mapping's; the server is started."""
        self.file = file
        self.count = count
        self.server = Server(folder / "data").start()
        self._folder = folder
        self._batch = batch
        self._mapping = mapping
        self._token = self.server.token(root, "importer")
        self._reader = self.server.token(root, "supervisor")

    def spawn(self) -> subprocess.Popen[bytes]:
        """The command as a process of its own."""
        command = [
            sys.executable, "-m", "services", "import", str(self.file),
            "--mapping", str(self._mapping), "--url", self.server.url,
            "--batch", str(self._batch), "--token", self._token,
        ]  # fmt: skip
        environment = {"PYTHONPATH": str(PROJECT), "PATH": os.environ["PATH"]}
        return subprocess.Popen(
            command, cwd=self._folder, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def wait_for_row(self, row: int, process: subprocess.Popen[bytes]) -> None:
        """Until the importer has had that row answered."""
        state = self._folder / f"{self.file.name}.import-state.json"
        while process.poll() is None:
            if state.exists() and json.loads(state.read_text())["row"] >= row:
                return
            time.sleep(STEP_S)
        raise RuntimeError(f"the importer ended before row {row}")

    def run(self, kills: list[int], draw: random.Random) -> None:
        """Import all; at each of these rows the importer is killed, then the server.

        A moment later or earlier, so that it hits a batch on its way as well as between two.
        """
        process = self.spawn()
        for row in kills:
            self.wait_for_row(row, process)
            time.sleep(draw.uniform(0, IN_FLIGHT_S))
            process.kill()
            process.wait()
            process = self.spawn()
            self.wait_for_row(row + 2 * self._batch, process)
            time.sleep(draw.uniform(0, IN_FLIGHT_S))
            self.server.kill()
            self.server.start()
        assert process.wait(WHOLE_S) == 0

    def assert_all_there(self) -> None:
        """Each row once, none refused."""
        path = self._folder / f"{self.file.name}.import-report.json"
        report: dict[str, Any] = json.loads(path.read_text())
        assert report["rows"] == report["events"] == self.count
        assert report["accepted"] + report["duplicates"] == self.count
        assert report["refused"] == {}

    def get(self, path: str) -> Any:
        """What a supervisor of all is answered."""
        return self.server.get(path, self._reader)

    def panel(self, element: str, org: str, moment: datetime) -> dict[str, Any]:
        """A panel as known at a moment."""
        path = f"/v1/orgs/{org}/panels/{element}?as_of={quote(moment.isoformat())}"
        found: dict[str, Any] = self.get(path)
        return found

    def wait_shown(self, element: str, org: str, moment: datetime, total: int) -> None:
        """Until the views hold all that was imported."""
        deadline = time.monotonic() + SHOWN_S
        while self.panel(element, org, moment)["total"] != total:
            assert time.monotonic() < deadline, "the views never caught up"
            time.sleep(0.2)
