"""Persons in custody by organisation at past moments, held to a count by other code.

``YIPING_CUSTODY_FILE`` names New York's real list for ``make soak``; without it, and in
``make test``, a made-up list of the same shape is taken.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.importer.carried import MAPPINGS, Import
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


def carried_in(folder: Path, file: Path, batch: int) -> Import:
    """An import of a custody list."""
    mapping, count = MAPPINGS / "nyc_custody.yaml", sum(1 for _ in rows(file))
    return Import(folder, file, batch, mapping=mapping, root=ROOT, count=count)


def totals(frame: dict[str, Any]) -> dict[str, int]:
    """Number by child, without those that hold nobody."""
    return {code: one["total"] for code, one in frame["children"].items() if one["total"]}


def compare(carried: Import, moments: list[datetime]) -> None:
    """Every level of the tree at every moment, against the count from the file."""
    expected = in_custody(carried.file, moments)
    carried.wait_shown("person", ROOT, moments[-1], expected[moments[-1]].total())
    for moment in moments:
        counted: Counter[str] = expected[moment]
        whole, city = (carried.panel("person", org, moment) for org in (ROOT, CITY))
        assert (whole["total"], city["total"]) == (counted.total(), counted.total())
        assert totals(whole) == ({CITY: counted.total()} if counted.total() else {})
        assert totals(city) == dict(counted)
        for division in DIVISIONS.values():
            assert carried.panel("person", division, moment)["total"] == counted[division]


def edges(file: Path, seed: int) -> list[datetime]:
    """Twenty moments at random, and the very second at which the last list is known."""
    last = known_from(max(row["recorded_on"] for row in rows(file)))
    return sorted([*random_moments(file, 20, seed), last])


@pytest.fixture(autouse=True)
def _new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIPING_ORGANISATIONS", str(MAPPINGS / "nyc_organisations.csv"))


def test_the_panels_show_what_the_list_says(tmp_path: Path) -> None:
    """A made-up list, importer and server killed once each on the way."""
    file = write(tmp_path / "custody.csv.gz", seed=11, days=90, admissions_a_day=8)
    carried = carried_in(tmp_path, file, batch=100)

    try:
        carried.run([carried.count // 3], random.Random(3))
        carried.assert_all_there()
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
    carried = carried_in(tmp_path, file, batch=1000)
    draw = random.Random(seed)
    kills = [round(carried.count * (0.1 + 0.4 * n + 0.3 * draw.random())) for n in range(2)]

    try:
        carried.run(kills, draw)
        carried.assert_all_there()
        compare(carried, edges(file, seed))
    finally:
        carried.server.stop()
