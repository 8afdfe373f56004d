"""Cases of fines by status at past moments, and their timelines, held to the file by other code.

``YIPING_FINES_FILE`` names the Italian log for ``make soak``; in ``make test`` a made-up log of
the same shape is taken.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.importer.carried import MAPPINGS, Import
from tests.importer.fines_count import (
    FORCE,
    ROOT,
    italian_log,
    lives,
    random_moments,
    standing,
    steps,
)
from tests.importer.made_up_fines import write

MAPPING = MAPPINGS / "italian_fines.yaml"


def carried_in(folder: Path, file: Path, batch: int) -> Import:
    """An import of a log of fines."""
    count = sum(1 for _ in steps(file))
    return Import(folder, file, batch, mapping=MAPPING, root=ROOT, count=count)


def compare(carried: Import, moments: list[datetime]) -> None:
    """The statuses of every organisation at every moment, against the count from the file."""
    expected = standing(carried.file, moments)
    last = expected[moments[-1]]
    active = sum(n for (_, status), n in last.items() if status != "closed")
    carried.wait_shown("case", ROOT, moments[-1], active)
    for moment in moments:
        by_org: dict[str, Counter[str]] = {}
        for (org, status), n in expected[moment].items():
            by_org.setdefault(org, Counter())[status] += n
        whole = sum(by_org.values(), Counter())
        assert carried.panel("case", ROOT, moment)["statuses"] == whole
        assert statuses(carried.panel("case", FORCE, moment)) == by_org


def statuses(frame: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Number by status by child, without those that hold nothing."""
    return {code: one["statuses"] for code, one in frame["children"].items() if one["statuses"]}


def compare_timelines(carried: Import, draw: random.Random, count: int) -> None:
    """The timeline of some cases, on either axis, is their rows in the file's order."""
    known = lives(carried.file)
    for case in draw.sample(sorted(known), count):
        for axis in ("occurred", "received"):
            told = carried.get(f"/v1/cases/{case}/timeline?axis={axis}")["events"]
            assert [activity_of(event) for event in told] == known[case]


def activity_of(event: dict[str, Any]) -> tuple[datetime, str]:
    """When, and the activity as the file names it, from what the mapping made of it."""
    data = event["data"]
    match event["type"]:
        case "case.accepted":
            activity = "Create Fine"
        case "case.transferred":
            activity = {
                "prefecture": "Send Appeal to Prefecture",
                "judge": "Appeal to Judge",
                "credit collection": "Send for Credit Collection",
            }[data["to_org"]]
        case _:
            activity = data.get("doc_type") or data.get("measure") or data["decision"]
    return datetime.fromisoformat(event["occurred_at"]).astimezone(UTC), activity


@pytest.fixture(autouse=True)
def _italy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIPING_ORGANISATIONS", str(MAPPINGS / "italian_organisations.csv"))


def test_the_panels_show_what_the_log_says(tmp_path: Path) -> None:
    """A made-up log, importer and server killed once each on the way."""
    file = write(tmp_path / "fines.csv.gz", seed=4, cases=300, days=60)
    carried = carried_in(tmp_path, file, batch=100)

    try:
        carried.run([carried.count // 3], random.Random(3))
        carried.assert_all_there()
        compare(carried, random_moments(file, 20, seed=2))
        compare_timelines(carried, random.Random(5), 10)
    finally:
        carried.server.stop()


@pytest.mark.soak
def test_thirteen_years_of_fines(tmp_path: Path) -> None:
    """The whole Italian log, importer and server killed once each on the way."""
    real = italian_log()
    carried = carried_in(tmp_path, real, batch=1000)
    draw = random.Random(13)

    try:
        carried.run([round(carried.count * draw.uniform(0.2, 0.8))], draw)
        carried.assert_all_there()
        compare(carried, random_moments(real, 20, seed=13))
        compare_timelines(carried, draw, 200)
    finally:
        carried.server.stop()
