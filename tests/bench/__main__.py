"""``make bench``: each benchmark beside its part's own limit, into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.rows import Row

BENCHES = (
    "admission", "cluster", "kafka_door", "kafka_to_views", "log_to_views", "posted_to_patch",
    "relay", "replay", "seek", "sockets", "timeline", "warehouse",
)  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEADER = """\
# Benchmarks

Written by `make bench`: each table is of one run on one machine, what the part alone can do beside
what the whole does with it. Nothing here is a promise for another machine; run it on yours. How
fast the machine was, a loop of ten million additions in Python tells, timed before and after each
run.

"""
ADDITIONS = 10_000_000


def machine() -> str:
    """The machine's size in one line."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return (
        f"{os.cpu_count()} cores, {pages * size / 2**30:.0f} GiB, {platform.system()}"
        f" {platform.machine()}, Python {platform.python_version()}"
    )


def loop_s() -> float:
    """What a plain loop costs here and now, in seconds."""
    began, total = time.perf_counter(), 0
    for n in range(ADDITIONS):
        total += n
    return time.perf_counter() - began


def table(name: str, rows: list[Row], stamp: str) -> str:
    """The rows of one benchmark as Markdown."""
    lines = [heading(name), "", stamp, "", "| what | limit | ours | unit | note |"]
    lines.append("|---|---:|---:|---|---|")
    lines += [
        f"| {r.name} | {_figure(r.limit)} | {_figure(r.ours)} | {r.unit} | {r.note} |" for r in rows
    ]
    return "\n".join(lines) + "\n"


def heading(name: str) -> str:
    """Where the table of a benchmark begins."""
    return f"## {name.replace('_', ' ')}"


def page_with(page: str, tables: dict[str, str]) -> str:
    """The page with some tables in place of those of earlier runs, in the order of BENCHES."""
    parts = [part.strip() for part in f"\n{page}".split("\n## ")[1:]]
    made = {f"## {part.partition(chr(10))[0]}": f"## {part}\n" for part in parts}
    made |= {heading(name): told for name, told in tables.items()}
    return HEADER + "\n".join(made[heading(name)] for name in BENCHES if heading(name) in made)


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def main() -> int:
    """Run the benchmarks named, or all, and put what they say into the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(BENCHES)}")
    for name in parser.parse_args().names or BENCHES:
        print(f"{name} …", file=sys.stderr, flush=True)
        before_s = loop_s()
        rows = importlib.import_module(f"tests.bench.{name}").run()
        stamp = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, loop {before_s:.2f}, {loop_s():.2f} s."
        made = table(name, rows, stamp)
        print(made, flush=True)
        page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        PAGE.write_text(page_with(page, {name: made}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
