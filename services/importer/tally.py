"""What became of an import: the counts, and the first refused rows of each code.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from services.importer.translation import Outcome, Passed, Refused, Translated

FIRST = 20


class RefusedRow(msgspec.Struct, frozen=True):
    """One refusal; names the field, never what stands in it."""

    row: int
    id: str | None
    path: str
    message: str


class Refusals(msgspec.Struct):
    """All refusals of one code."""

    count: int = 0
    first: list[RefusedRow] = []


class Tally(msgspec.Struct):
    """The counts so far."""

    rows: int = 0
    events: int = 0
    """Sent and answered."""
    accepted: int = 0
    duplicates: int = 0
    refused: dict[str, Refusals] = {}
    ignored_rows: int = 0
    """Passed over on purpose."""
    unmatched_rows: int = 0
    """Met by no rule of the mapping."""
    first_unmatched: list[int] = []

    @property
    def refused_count(self) -> int:
        """Refusals of every code, the door's and the mapping's."""
        return sum(one.count for one in self.refused.values())

    def add_translated(self, outcomes: Sequence[Outcome]) -> None:
        """Count what the mapping made of some rows; events count when they are answered."""
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                self._refuse(outcome)
            elif isinstance(outcome, Passed):
                self._pass(outcome)

    def add_answers(self, sent: Sequence[Translated], answers: Sequence[dict[str, Any]]) -> None:
        """Count the door's answers to some events, in their order."""
        self.events += len(sent)
        for event, answer in zip(sent, answers, strict=True):
            match answer["status"]:
                case "accepted":
                    self.accepted += 1
                case "duplicate":
                    self.duplicates += 1
                case _:
                    self._refuse(_refused(event, answer.get("error") or {}))

    def _refuse(self, refused: Refused) -> None:
        refusals = self.refused.setdefault(refused.code, Refusals())
        refusals.count += 1
        if len(refusals.first) < FIRST:
            refusals.first.append(
                RefusedRow(refused.row, refused.id, refused.path, refused.message)
            )

    def _pass(self, passed: Passed) -> None:
        if passed.on_purpose:
            self.ignored_rows += 1
            return
        self.unmatched_rows += 1
        if len(self.first_unmatched) < FIRST:
            self.first_unmatched.append(passed.row)


def _refused(event: Translated, error: dict[str, str]) -> Refused:
    code = error.get("code", "quarantined")
    return Refused(event.row, event.id, code, error.get("path", ""), error.get("message", ""))


def summary(tally: Tally) -> str:
    """The counts in a few lines."""
    lines = [
        f"{tally.rows} rows, {tally.events} events:"
        f" {tally.accepted} accepted, {tally.duplicates} there already,"
        f" {tally.refused_count} refused"
    ]
    if tally.ignored_rows:
        lines.append(f"  {tally.ignored_rows} rows passed over, as the mapping asks")
    if tally.unmatched_rows:
        rows = ", ".join(map(str, tally.first_unmatched[:5]))
        lines.append(
            f"  {tally.unmatched_rows} rows met by no rule of the mapping (the first: {rows})"
        )
    for code, refusals in sorted(tally.refused.items(), key=lambda item: -item[1].count):
        first = refusals.first[0]
        where = f"row {first.row}, {first.path}" if first.path else f"row {first.row}"
        lines.append(f"  {code}: {refusals.count}, first at {where}: {first.message}")
    return "\n".join(lines)
