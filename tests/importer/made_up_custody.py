"""A made-up custody list as changes from list to list, in the columns of New York's.

It has what makes the real one hard: late entry, lists that are missing, bookings that are
gone and come back, several changes of one booking on a day, blanks.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

COLUMNS = (
    "recorded_on", "kind", "booking", "person", "admitted_at", "custody_level", "status",
    "gender", "age_band", "top_charge",
)  # fmt: skip
FIRST_DAY = date(2024, 10, 20)
LEVELS = ("MIN", "MED", "MAX", "")
STATUSES = ("DE", "CS", "DEP")
CHARGES = ("120.05", "155.25", "")
KINDS = ("appear", "custody_level", "infraction", "status", "top_charge", "vanish")

Booking = dict[str, str]


class CustodyList:
    """Lists of some days, each row telling what changed since the list before."""

    def __init__(self, seed: int, admissions_a_day: int) -> None:
        self._draw = random.Random(seed)
        self._admissions = admissions_a_day
        self._held: dict[str, Booking] = {}
        self._gone: dict[str, Booking] = {}
        self._number = 0

    def rows(self, days: int) -> Iterator[Booking]:
        """The rows in the file's order: by day, then by kind, then by booking."""
        for n in range(days):
            if self._draw.random() < 0.15:
                continue
            day = FIRST_DAY + timedelta(days=n)
            changed = [self._row(day, kind, one) for kind, one in self._changes(day)]
            yield from sorted(changed, key=lambda r: (KINDS.index(r["kind"]), r["booking"]))

    def _row(self, day: date, kind: str, booking: Booking) -> Booking:
        return {"recorded_on": day.isoformat(), "kind": kind, **booking}

    def _changes(self, day: date) -> list[tuple[str, Booking]]:
        draw, found = self._draw, []
        for number in [n for n in self._gone if draw.random() < 0.1]:
            back = self._gone.pop(number)
            if draw.random() < 0.3:
                back["custody_level"] = draw.choice(LEVELS)
            found.append(("appear", back))
        returned = {one["booking"] for _, one in found}
        for number, one in list(self._held.items()):
            if draw.random() < 0.05:
                found.append(("vanish", self._held.pop(number)))
                if draw.random() < 0.3:
                    self._gone[number] = dict(one)
            else:
                found.extend((kind, one) for kind in self._moved(one))
        for number in returned:
            self._held[number] = next(one for _, one in found if one["booking"] == number)
        for _ in range(self._admissions):
            one = self._admitted(day)
            self._held[one["booking"]] = one
            found.append(("appear", one))
        return [(kind, dict(one)) for kind, one in found]

    def _moved(self, one: Booking) -> list[str]:
        draw, kinds = self._draw, []
        for kind, values in (
            ("custody_level", LEVELS),
            ("status", STATUSES),
            ("top_charge", CHARGES),
        ):
            if draw.random() < 0.08:
                one[kind] = draw.choice([v for v in values if v != one[kind]])
                kinds.append(kind)
        if draw.random() < 0.02:
            kinds.append("infraction")
        return kinds

    def _admitted(self, day: date) -> Booking:
        draw = self._draw
        self._number += 1
        hour = datetime.combine(day, time(10, 30)) - timedelta(seconds=draw.randrange(4 * 86400))
        return {
            "booking": f"b{self._number:06d}",
            "person": f"p{draw.randrange(self._number + 5):06d}",
            "admitted_at": hour.isoformat(),
            "custody_level": draw.choice(LEVELS),
            "status": draw.choice(STATUSES),
            "gender": draw.choice(("M", "M", "F", "")),
            "age_band": draw.choice(("18-20", "26-35", "")),
            "top_charge": draw.choice(CHARGES),
        }


def write(path: Path, *, seed: int, days: int, admissions_a_day: int) -> Path:
    """Write such a file, gzipped where its name says so; the same seed gives the same file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(CustodyList(seed, admissions_a_day).rows(days))
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path
