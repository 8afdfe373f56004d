"""How a log of fines runs through its cases, drawn by pm4py: what follows what, how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas

FOLLOWED = {
    "prefecture": "Send Appeal to Prefecture",
    "judge": "Appeal to Judge",
    "credit collection": "Send for Credit Collection",
}
"""Whom a transferred case went to, and the activity that the file calls it."""

Drawn = tuple[dict[tuple[str, str], int], dict[str, int], dict[str, int]]
"""The edges, the first and the last activities, each with its count."""


def pm4py() -> Any:
    """The library; it greets on standard output when it is imported."""
    import pm4py

    return pm4py


def of_file(path: Path) -> Drawn:
    """Drawn from the file of the fines itself."""
    log = pandas.read_csv(path, usecols=["case", "seq", "time", "activity"], dtype=str)
    log["seq"] = log["seq"].astype(int)
    log["time:timestamp"] = pandas.to_datetime(log["time"], utc=True)
    log = log.rename(columns={"case": "case:concept:name", "activity": "concept:name"})
    return _drawn(log.sort_values(["case:concept:name", "seq"]))


def of_export(ocel: Any) -> Drawn:
    """Drawn from an export that pm4py has read, with the file's names of activities."""
    log = pm4py().ocel_flattening(ocel, "case")
    log["concept:name"] = [_activity(row) for row in log.to_dict("records")]
    return _drawn(log)


def _activity(row: dict[str, Any]) -> str:
    match row["concept:name"]:
        case "case.accepted":
            return "Create Fine"
        case "case.documented":
            return str(row["doc_type"])
        case "case.measured":
            return str(row["measure"])
        case "case.transferred":
            return FOLLOWED[row["to_org"]]
    assert row["concept:name"] == "case.decided"
    # The class has a field of that name in two meanings; here it is the decision's.
    return str(row["decision"])


def _drawn(log: pandas.DataFrame) -> Drawn:
    edges, first, last = pm4py().discover_dfg(log)
    return dict(edges), dict(first), dict(last)
