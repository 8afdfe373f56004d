"""A made-up log of traffic fines, in the columns and the manner of the Italian one.

It has what makes the real one hard: case by case instead of by time, days instead of hours,
several activities of a case on one day, offsets that change with the season, blanks, cases
that are paid and collected all the same, appeals that are upheld.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

COLUMNS = (
    "case", "seq", "time", "activity", "officer", "article", "amount", "totalPaymentAmount",
    "paymentAmount", "expense", "points", "vehicleClass", "dismissal", "notificationType",
    "lastSent",
)  # fmt: skip
FIRST_DAY = date(2001, 1, 20)
ROME = ZoneInfo("Europe/Rome")
ARTICLES = ("7", "142", "157", "158", "171")
# What may follow what, and how many days later at the most.
NEXT = {
    "Create Fine": ("Send Fine", "Send Fine", "Payment", "Appeal to Judge"),
    "Send Fine": ("Insert Fine Notification", "Insert Fine Notification", "Payment", None),
    "Insert Fine Notification": (
        "Add penalty", "Add penalty", "Payment", "Insert Date Appeal to Prefecture",
    ),
    "Add penalty": ("Send for Credit Collection", "Payment", "Send Appeal to Prefecture"),
    "Payment": (None, None, None, "Payment", "Send for Credit Collection", "Add penalty"),
    "Insert Date Appeal to Prefecture": ("Send Appeal to Prefecture", "Add penalty"),
    "Send Appeal to Prefecture": ("Receive Result Appeal from Prefecture", "Add penalty", None),
    "Receive Result Appeal from Prefecture": ("Notify Result Appeal to Offender", None),
    "Notify Result Appeal to Offender": ("Payment", "Send for Credit Collection", None),
    "Appeal to Judge": (None, "Add penalty"),
    "Send for Credit Collection": (None,),
}  # fmt: skip
DAYS_MOST = 40
LIFE_MOST = 12

Row = dict[str, str]


def rows(seed: int, cases: int, days: int) -> Iterator[Row]:
    """The rows in the file's order: by case, then by what came first."""
    draw = random.Random(seed)
    for number in range(cases):
        day = FIRST_DAY + timedelta(days=draw.randrange(days))
        activity: str | None = "Create Fine"
        for seq in range(LIFE_MOST):
            if activity is None:
                break
            yield _row(draw, f"A{number:05d}", seq, day, activity)
            activity = draw.choice(NEXT[activity])
            if draw.random() < 0.7:
                day += timedelta(days=draw.randrange(DAYS_MOST))


def _row(draw: random.Random, case: str, seq: int, day: date, activity: str) -> Row:
    told = dict.fromkeys(COLUMNS, "")
    midnight = datetime.combine(day, time(), ROME).isoformat()
    told |= {"case": case, "seq": str(seq), "time": midnight, "activity": activity}
    match activity:
        case "Create Fine":
            told |= {"officer": str(draw.randrange(500, 560)), "article": draw.choice(ARTICLES),
                     "amount": f"{draw.randrange(20, 90)}.0", "dismissal": "NIL"}  # fmt: skip
        case "Send Fine":
            told["expense"] = "11.0"
        case "Payment":
            told["paymentAmount"] = told["totalPaymentAmount"] = f"{draw.randrange(20, 90)}.0"
        case "Send Appeal to Prefecture":
            told["dismissal"] = draw.choice(("#", "NIL"))
        case "Appeal to Judge":
            told["dismissal"] = draw.choice(("G", "NIL"))
    return told


def write(path: Path, *, seed: int, cases: int, days: int = 900) -> Path:
    """Write such a file, gzipped where its name says so; the same seed gives the same file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows(seed, cases, days))
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path
