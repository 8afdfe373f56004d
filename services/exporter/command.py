"""The command ``yiping export ocel``."""

from __future__ import annotations

import argparse
from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from schemas import organisations
from schemas.errors import UnknownOrganisation
from schemas.organisations import scope_of
from services.backbone.opening import open_event_store
from services.backbone.settings import Settings, from_environment
from services.exporter.errors import ArgumentInvalid, ExporterError
from services.exporter.export import READINGS, Selection, Written, export

WRITTEN, UNUSABLE = 0, 2
DESCRIPTION = """\
The facts of the event store as an object-centric event log, OCEL 2.0 in JSON
(www.ocel-standard.org), for any process-mining tool: the 25 classes are its event types, the
six elements (incident, person, property, case, place, dossier) its object types.

  yiping export ocel --data /srv/yiping --output province.json.gz
  yiping export ocel --data /srv/yiping --org 350200000000 --output xiamen.json
  yiping export ocel --data /srv/yiping --as-of 2026-03-01T00:00:00+08:00 --output march.json
"""
_EPILOG = """\
An event stands at the time when it happened; recorded_at and received_at are attributes.  An
object's status and organisation stand with the times from which they held.  Facts that a
correction took back are left out, and so is whatever identifies a human being: ids are those
of stays, cases and things.  docs/export.md tells which fields there are.

It may run while the platform does; what is recorded meanwhile is not part of the file.  The
file appears when it is whole.  Exit codes: 0 it is there; 2 an argument, the event store or
the file cannot be used.
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The command's arguments, but for ``--data``."""
    command.description = DESCRIPTION
    command.epilog = _EPILOG
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument(
        "--output", type=Path, required=True, metavar="FILE",
        help="where to write: .json or .jsonocel, packed where it ends in .gz",
    )  # fmt: skip
    command.add_argument(
        "--org", metavar="CODE",
        help="12-digit code: only facts for which it, or one below it, was responsible (all)",
    )  # fmt: skip
    command.add_argument(
        "--as-of", metavar="TIME",
        help="as known at this moment (RFC 3339 with offset): only what was received by then (now)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Write one file; gives the exit code.  Raises BackboneError."""
    console = Console(stderr=True, highlight=False, markup=False)
    settings = from_environment(arguments.data)
    try:
        selection = Selection(_scope(arguments.org, settings), _moment(arguments.as_of))
        written = _export(settings, selection, arguments.output, console)
    except ExporterError as error:
        console.print(f"yiping: {error}", soft_wrap=True)
        return UNUSABLE
    print(f"{arguments.output}: {_told(written)}")
    return WRITTEN


def _export(settings: Settings, selection: Selection, output: Path, console: Console) -> Written:
    with closing(open_event_store(settings, write=False)) as store, _bar(console) as bar:
        total = READINGS * sum(head.position for head in store.heads().values())
        task = bar.add_task("exporting", total=total)
        written = export(store, selection, output, lambda n: bar.advance(task, n))
        bar.update(task, completed=total)
    return written


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        TimeRemainingColumn(), console=console,
    )  # fmt: skip


def _scope(code: str | None, settings: Settings) -> str:
    if code is None:
        return ""
    try:
        return scope_of(organisations.load(settings.organisations).get(code).code)
    except UnknownOrganisation:
        raise ArgumentInvalid("--org", code, "the code of a known organisation") from None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ArgumentInvalid("--as-of", text, "a time such as 2026-03-01T00:00:00+08:00")
    return moment


def _told(written: Written) -> str:
    by_type = ", ".join(f"{n} {name}" for name, n in _most(written.objects))
    of = f" ({by_type})" if by_type else ""
    return f"{written.events.total()} events, {written.objects.total()} objects{of}"


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
