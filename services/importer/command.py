"""The command ``yiping import``."""

from __future__ import annotations

import argparse
import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from services.importer.door import Door
from services.importer.errors import DoorRefused, ImporterError, MappingInvalid, TokenMissing
from services.importer.mapping import compiled
from services.importer.mapping_file import parse
from services.importer.opening import in_order, open_rows
from services.importer.rows import Advanced, Rows
from services.importer.state import StateFile, fingerprint
from services.importer.tally import Tally, summary
from services.importer.transfer import Transfer, batches
from services.importer.translation import Translator

ALL_THERE, SOME_REFUSED, UNUSABLE, NO_DOOR = 0, 1, 2, 3
_EPILOG = """\
Run again in the same folder after a break, however it came about: it goes on where it was,
and what was sent already is recognised.  Exit codes: 0 every event is there; 1 some were
refused (the report tells which); 2 the file, the mapping or an argument cannot be used; 3 the
server refused the importer or stayed away (run the same command again).
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.epilog = _EPILOG
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("file", type=Path, metavar="FILE",
        help="CSV with a header; an XES log (.xes); an OCEL 2.0 log (.json, .jsonocel); each as it"
        " is or gzipped (.gz)",
    )  # fmt: skip
    command.add_argument(
        "--mapping", type=Path, required=True, metavar="MAP.yaml",
        help="what its columns mean; docs/import.md tells how to write one",
    )  # fmt: skip
    command.add_argument("--url", required=True, help="the server, such as http://127.0.0.1:8000")
    command.add_argument("--token", help="an importer's token (else the variable YIPING_TOKEN)")
    command.add_argument(
        "--state", type=Path, metavar="FILE",
        help="where to keep how far it has come (FILE.import-state.json in this folder)",
    )  # fmt: skip
    command.add_argument(
        "--report", type=Path, metavar="FILE",
        help="where to write what was refused, as JSON (FILE.import-report.json in this folder)",
    )  # fmt: skip
    command.add_argument(
        "--from-start", action="store_true", help="begin anew, whatever the state file tells"
    )
    command.add_argument(
        "--batch", type=_positive, default=1000, metavar="N", help="events in one request (1000)"
    )
    command.add_argument(
        "--patience", type=_positive, default=60, metavar="SECONDS",
        help="how long to wait for a server that is away or busy (60)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Import one file; gives the exit code."""
    console = Console(stderr=True, highlight=False, markup=False)
    token = arguments.token or os.environ.get("YIPING_TOKEN", "")
    try:
        if not token:
            raise TokenMissing
        tally = asyncio.run(_import(arguments, token, console))
    except DoorRefused as refused:
        console.print(f"yiping: {refused}", soft_wrap=True)
        return NO_DOOR
    except (ImporterError, OSError) as error:
        console.print(f"yiping: {error}", soft_wrap=True)
        return UNUSABLE
    report = arguments.report or _here(arguments.file, "import-report.json")
    report.write_bytes(msgspec.json.format(msgspec.json.encode(tally)) + b"\n")
    print(summary(tally))
    if tally.refused_count or tally.unmatched_rows:
        print(f"  see {report}")
        return SOME_REFUSED
    return ALL_THERE


async def _import(arguments: argparse.Namespace, token: str, console: Console) -> Tally:
    text = _text(arguments.mapping)
    written, source = parse(text, arguments.mapping.name)
    state = arguments.state or _here(arguments.file, "import-state.json")
    async with AsyncExitStack() as stack:
        steps = _Steps(stack.enter_context(_bar(console)), arguments.file.name)
        rows = stack.enter_context(open_rows(arguments.file, written, steps.begin("checking")))
        mapping = compiled(written, source, rows.columns)
        state_file = StateFile(state, fingerprint(arguments.file, text, arguments.url))
        if arguments.from_start:
            state_file.remove()
        door = await stack.enter_async_context(
            Door(arguments.url, token, patience_s=arguments.patience, waiting=steps.waits)
        )
        transfer = Transfer(door, state_file, steps.counts)
        if transfer.resumes_after:
            console.print(f"going on after row {transfer.resumes_after}")
        sorting = steps.begin("sorting")
        rows = stack.enter_context(in_order(rows, mapping.order, state.parent, sorting))
        steps.sends(rows)
        parts = batches(rows, Translator(mapping), arguments.batch, transfer.resumes_after)
        return await transfer.run(parts)


class _Steps:
    """A bar over the bytes that each step reads; how many rows there are shows at the end."""

    def __init__(self, bar: Progress, name: str) -> None:
        self._bar = bar
        self._task = bar.add_task(name, total=None, told="")
        self._rows: Rows | None = None

    def begin(self, told: str) -> Advanced:
        """A step that reads all before anything is sent."""
        self._bar.reset(self._task, total=None, told=told)
        return lambda read, size: self._bar.update(self._task, completed=read, total=size)

    def sends(self, rows: Rows) -> None:
        """The last step."""
        self._bar.reset(self._task, total=rows.size_bytes, told="")
        self._rows = rows

    def counts(self, tally: Tally) -> None:
        """Some rows more were answered."""
        read_bytes = self._rows.read_bytes if self._rows else 0
        self._bar.update(self._task, completed=read_bytes, told=_told(tally))

    def waits(self, code: str) -> None:
        """The server is away or busy."""
        self._bar.update(self._task, told=f"waiting: {code}")


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        TextColumn("{task.fields[told]}"), TimeRemainingColumn(), console=console,
    )  # fmt: skip


def _told(tally: Tally) -> str:
    refused = f", {tally.refused_count} refused" if tally.refused_count else ""
    return f"{tally.rows} rows{refused}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise MappingInvalid(path.name, 1, "", "the file is not UTF-8 text") from None


def _here(file: Path, suffix: str) -> Path:
    """A file in the folder at hand: where somebody else's data lies is not ours to write."""
    return Path(f"{file.name}.{suffix}")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
