"""Persons in custody by organisation at past moments, held to a count by other code.

``YIPING_CUSTODY_FILE`` names New York's real list for ``make soak``; without it, and in
``make test``, a made-up list of the same shape is taken.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.importer.custody_count import (
    CITY,
    DIVISIONS,
    ROOT,
    in_custody,
    known_from,
    random_moments,
    rows,
)
from tests.importer.made_up_custody import write
from tests.support.server import Server

PROJECT = Path(__file__).parent.parent.parent
MAPPINGS = PROJECT / "mappings"
STEP_S = 0.01
IN_FLIGHT_S = 0.3


class Import:
    """One import of a custody list that somebody keeps killing, with its server."""

    def __init__(self, folder: Path, file: Path, batch: int) -> None:
        self.file = file
        self.count = sum(1 for _ in rows(file))
        self.server = Server(folder / "data").start()
        self._folder = folder
        self._batch = batch
        self._token = self.server.token(ROOT, "importer")
        self._reader = self.server.token(ROOT, "supervisor")

    def spawn(self) -> subprocess.Popen[bytes]:
        """The command as a process of its own."""
        command = [
            sys.executable, "-m", "services", "import", str(self.file),
            "--mapping", str(MAPPINGS / "nyc_custody.yaml"), "--url", self.server.url,
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
        assert process.wait(600) == 0

    def report(self) -> dict[str, Any]:
        """What the last run wrote about the whole."""
        path = self._folder / f"{self.file.name}.import-report.json"
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def panel(self, org: str, moment: datetime) -> dict[str, Any]:
        """The panel of persons as known at a moment."""
        path = f"/v1/orgs/{org}/panels/person?as_of={quote(moment.isoformat())}"
        found: dict[str, Any] = self.server.get(path, self._reader)
        return found

    def wait_shown(self, moment: datetime, total: int) -> None:
        """Until the views hold all that was imported."""
        deadline = time.monotonic() + 120
        while self.panel(ROOT, moment)["total"] != total:
            assert time.monotonic() < deadline, "the views never caught up"
            time.sleep(0.2)


def totals(frame: dict[str, Any]) -> dict[str, int]:
    """Number by child, without those that hold nobody."""
    return {code: one["total"] for code, one in frame["children"].items() if one["total"]}


def compare(carried: Import, moments: list[datetime]) -> None:
    """Every level of the tree at every moment, against the count from the file."""
    expected = in_custody(carried.file, moments)
    carried.wait_shown(moments[-1], expected[moments[-1]].total())
    for moment in moments:
        counted: Counter[str] = expected[moment]
        whole, city = carried.panel(ROOT, moment), carried.panel(CITY, moment)
        assert (whole["total"], city["total"]) == (counted.total(), counted.total())
        assert totals(whole) == ({CITY: counted.total()} if counted.total() else {})
        assert totals(city) == dict(counted)
        for division in DIVISIONS.values():
            assert carried.panel(division, moment)["total"] == counted[division]


def edges(file: Path, seed: int) -> list[datetime]:
    """Twenty moments at random, and the very second at which the last list is known."""
    last = known_from(max(row["recorded_on"] for row in rows(file)))
    return sorted([*random_moments(file, 20, seed), last])


def all_there(carried: Import) -> None:
    """Each row once, none refused."""
    report = carried.report()
    assert report["rows"] == report["events"] == carried.count
    assert report["accepted"] + report["duplicates"] == carried.count
    assert report["refused"] == {}


@pytest.fixture(autouse=True)
def _new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIPING_ORGANISATIONS", str(MAPPINGS / "nyc_organisations.csv"))


def test_the_panels_show_what_the_list_says(tmp_path: Path) -> None:
    """A made-up list, importer and server killed once each on the way."""
    file = write(tmp_path / "custody.csv.gz", seed=11, days=90, admissions_a_day=8)
    carried = Import(tmp_path, file, batch=100)

    try:
        carried.run([carried.count // 3], random.Random(3))
        all_there(carried)
        compare(carried, edges(file, seed=2))
    finally:
        carried.server.stop()


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
def test_a_year_of_lists(tmp_path: Path, seed: int) -> None:
    """A whole year, importer and server killed twice each at random."""
    real = os.environ.get("YIPING_CUSTODY_FILE")
    file = Path(real) if real else write(
        tmp_path / "custody.csv.gz", seed=seed, days=365, admissions_a_day=40
    )  # fmt: skip
    carried = Import(tmp_path, file, batch=1000)
    draw = random.Random(seed)
    kills = [round(carried.count * (0.1 + 0.4 * n + 0.3 * draw.random())) for n in range(2)]

    try:
        carried.run(kills, draw)
        all_there(carried)
        compare(carried, edges(file, seed))
    finally:
        carried.server.stop()
