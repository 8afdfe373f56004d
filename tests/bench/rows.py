"""One row of the table of benchmarks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What a part alone can do beside what the whole does with it, from one run."""

    name: str
    limit: float | None
    ours: float
    unit: str
    note: str = ""
