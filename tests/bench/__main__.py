"""``make bench``: every benchmark in one run, into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.rows import Row

BENCHES = (
    "admission", "cluster", "kafka_door", "kafka_to_views", "log_to_views", "posted_to_patch",
    "relay", "replay", "seek", "sockets", "warehouse",
    "relay", "seek", "sockets", "timeline", "warehouse",
)  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEADER = """\
# Benchmarks

Written by `make bench`: each row prints, in one run on one machine, what the part alone can do
and what the whole does with it. Nothing here is a promise for another machine; run it on yours.

"""


def machine() -> str:
    """The machine's size in one line."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return (
        f"{os.cpu_count()} cores, {pages * size / 2**30:.0f} GiB, {platform.system()}"
        f" {platform.machine()}, Python {platform.python_version()}"
    )


def table(name: str, rows: list[Row]) -> str:
    """The rows of one benchmark as Markdown."""
    lines = [f"## {name.replace('_', ' ')}", "", "| what | limit | ours | unit | note |"]
    lines.append("|---|---:|---:|---|---|")
    lines += [
        f"| {r.name} | {_figure(r.limit)} | {_figure(r.ours)} | {r.unit} | {r.note} |" for r in rows
    ]
    return "\n".join(lines) + "\n"


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def main() -> int:
    """Run the benchmarks named, or all, and write the page when all were run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(BENCHES)}")
    names = parser.parse_args().names or BENCHES
    tables = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        rows = importlib.import_module(f"tests.bench.{name}").run()
        tables.append(table(name, rows))
        print(tables[-1], flush=True)
    if tuple(names) == BENCHES:
        stamp = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}.\n\n"
        PAGE.write_text(HEADER + stamp + "\n".join(tables), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
