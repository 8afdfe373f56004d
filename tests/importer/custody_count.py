"""Persons in custody counted straight from the list's file, by other code than the product's.

Nothing of the importer, of the fold or of the views is used here: only the csv module, the
file's rows in their order, and what the mapping says of when a list is known.
"""

from __future__ import annotations

import csv
import gzip
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
ROOT = "360000000000"
CITY = "360100000000"
DIVISIONS = {
    "MIN": "360101000000",
    "MED": "360102000000",
    "MAX": "360103000000",
    "": "360104000000",
}
GONE = "vanish"


def known_from(day: str) -> datetime:
    """When the list of a day counts as known: a second before the day ends in New York."""
    next_day = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=NEW_YORK) + timedelta(days=1)
    return next_day.astimezone(UTC) - timedelta(seconds=1)


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of the file in their order."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from csv.DictReader(content.decode().splitlines())


def in_custody(path: Path, moments: list[datetime]) -> dict[datetime, Counter[str]]:
    """Bookings on the list by division, as known at each of these moments."""
    ahead = sorted(moments)
    held: dict[str, str] = {}
    found: dict[datetime, Counter[str]] = {}
    for row in rows(path):
        known = known_from(row["recorded_on"])
        while ahead and ahead[0] < known:
            found[ahead.pop(0)] = Counter(held.values())
        if row["kind"] == GONE:
            del held[row["booking"]]
        else:
            held[row["booking"]] = DIVISIONS[row["custody_level"]]
    for moment in ahead:
        found[moment] = Counter(held.values())
    return found


def random_moments(path: Path, count: int, seed: int) -> list[datetime]:
    """Moments between the first list and a day after the last, and one at a list itself."""
    days = sorted({row["recorded_on"] for row in rows(path)})
    first, last = known_from(days[0]), known_from(days[-1]) + timedelta(days=1)
    draw = random.Random(seed)
    moments = [first + (last - first) * draw.random() for _ in range(count - 1)]
    return sorted([*moments, known_from(draw.choice(days))])
