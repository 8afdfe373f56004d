"""docs/answers.md tells every answer that the door can give, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from services.ingest import bodies, decoding, door
from services.ingest.admission import AHEAD

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/answers.md").read_text(encoding="utf-8")
# Where the code stands among the arguments of whatever makes an answer.
MAKERS = {"Refusal": 1, "Problem": 1, "BodyUnreadable": 0, "SenderRefused": 0}


def calls() -> Iterator[tuple[str, str]]:
    """(maker, code) of every answer in the source."""
    for path in sorted((ROOT / "services/ingest").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = MAKERS.get(node.func.id)
                if place is not None and len(node.args) > place:
                    code = node.args[place]
                    if isinstance(code, ast.Constant):
                        yield node.func.id, str(code.value)


def told(heading: str, column: int) -> set[str]:
    """The codes in a column of the table below a heading."""
    _, _, section = PAGE.partition(f"## {heading}\n")
    section = section.partition("\n## ")[0]
    rows = [row.split("|") for row in section.splitlines() if row.startswith("| ")]
    return {code for row in rows for code in re.findall(r"`([a-z0-9_]+)`", row[column])}


def test_every_refusal_of_an_event_is_told() -> None:
    """With what to do about it."""
    refusals = {code for maker, code in calls() if maker == "Refusal"}
    refusals |= {code for code, _ in decoding._REASONS.values()}

    assert told("Of an event", 1) == refusals


def test_every_problem_of_a_request_is_told() -> None:
    """With its status."""
    problems = {code for maker, code in calls() if maker != "Refusal"}

    assert told("Of a request", 2) == problems


def test_the_bounds_are_those_of_the_code() -> None:
    """A sender that plans its batches can rely on the page."""
    assert f"{decoding.EVENT_BYTES // 1024**2} MiB" in PAGE
    assert f"{bodies.EVENTS_MAX:,} events" in PAGE
    assert f"{bodies.LINES_MAX:,} lines" in PAGE
    assert door.BODY_S == 120
    assert AHEAD.total_seconds() == 300
