"""Cases of fines counted straight from their file, by other code than the product's.

Nothing of the importer, of the fold or of the views is used here: only the csv module and
what the mapping says that each activity makes of a case.
"""

from __future__ import annotations

import csv
import gzip
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TextIO

ROOT = "390000000000"
FORCE = "390100000000"
ARTICLES = {"7": "390101000000", "142": "390102000000", "157": "390103000000",
            "158": "390104000000"}  # fmt: skip
OTHERS = "390105000000"
UPHELD = ("#", "G")


REAL = "YIPING_FINES_FILE"


class Step(NamedTuple):
    """One row of the file."""

    at: datetime
    seq: int
    case: str
    activity: str
    article: str
    dismissal: str


def italian_log() -> Path:
    """The real log, which is not ours to ship; fails where it is not there."""
    path = Path(os.environ.get(REAL, ""))
    assert path.is_file(), f"{REAL} has to name italian_traffic_fines.csv.gz, which is not ours"
    return path


def steps(path: Path) -> Iterator[Step]:
    """The rows of the file in their order."""
    with _opened(path) as lines:
        for row in csv.DictReader(lines):
            at = datetime.fromisoformat(row["time"]).astimezone(UTC)
            yield Step(at, int(row["seq"]), row["case"], row["activity"], row["article"],
                       row["dismissal"])  # fmt: skip


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def moved_to(step: Step) -> str | None:
    """The status that a case has after an activity, None where it keeps its own."""
    match step.activity:
        case "Create Fine":
            return "open"
        case "Receive Result Appeal from Prefecture":
            return "decided"
        case "Send Appeal to Prefecture" | "Appeal to Judge":
            return "closed" if step.dismissal in UPHELD else "transferred"
        case "Send for Credit Collection":
            return "transferred"
    return None


def standing(path: Path, moments: list[datetime]) -> dict[datetime, Counter[tuple[str, str]]]:
    """Cases by (organisation, status) at each of these moments."""
    ahead = sorted(moments)
    homes: dict[str, str] = {}
    statuses: dict[str, str] = {}
    found: dict[datetime, Counter[tuple[str, str]]] = {}

    def count() -> Counter[tuple[str, str]]:
        return Counter((homes[case], status) for case, status in statuses.items())

    for step in sorted(steps(path), key=lambda one: (one.at, one.seq)):
        while ahead and ahead[0] < step.at:
            found[ahead.pop(0)] = count()
        if step.activity == "Create Fine":
            homes[step.case] = ARTICLES.get(step.article, OTHERS)
        status = moved_to(step)
        if status:
            statuses[step.case] = status
    for moment in ahead:
        found[moment] = count()
    return found


def lives(path: Path) -> dict[str, list[tuple[datetime, str]]]:
    """The activities of each case, in their order."""
    found: defaultdict[str, list[Step]] = defaultdict(list)
    for step in steps(path):
        found[step.case].append(step)
    return {
        case: [(one.at, one.activity) for one in sorted(life, key=lambda one: one.seq)]
        for case, life in found.items()
    }


def random_moments(path: Path, count: int, seed: int) -> list[datetime]:
    """Moments within the log, at random; one of them at an activity itself, one at its end."""
    times = sorted({step.at for step in steps(path)})
    draw = random.Random(seed)
    span = times[-1] - times[0]
    moments = [times[0] + span * draw.random() for _ in range(count - 1)]
    return sorted([*moments, draw.choice(times), times[-1] + timedelta(seconds=1)])
