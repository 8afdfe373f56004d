"""One log as CSV, as XES and as OCEL 2.0: the same events come out, whatever happens on the way."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import quoteattr

import msgspec
import pytest

from services.importer.mapping import compiled
from services.importer.mapping_file import parse
from services.importer.opening import in_order, open_rows
from services.importer.rows import unheard
from services.importer.state import StateFile
from services.importer.tally import Tally
from services.importer.transfer import Transfer, batches
from services.importer.translation import Translator
from tests.importer import made_up_fines
from tests.importer.carried import MAPPINGS, PROJECT
from tests.importer.fines_count import ROOT
from tests.importer.test_transfer import Killed, Platform, told
from tests.support.server import Server

FINES = (MAPPINGS / "italian_fines.yaml").read_text(encoding="utf-8")
OWN = {"case", "time", "activity"}
KILL_AT = (1, 2, 5, 9)


class Format(NamedTuple):
    """A file, and the mapping of the fines with the names that its columns have."""

    file: Path
    mapping: str


def as_csv(folder: Path, cases: int) -> Format:
    """As the file itself is."""
    return Format(made_up_fines.write(folder / "fines.csv", seed=9, cases=cases), FINES)


def as_xes(folder: Path, cases: int) -> Format:
    """A trace for each case; what is blank is left out."""
    traces = []
    for case, rows in groupby(made_up_fines.rows(9, cases, 900), key=lambda row: row["case"]):
        events = ""
        for row in rows:
            told = {"concept:name": row["activity"]} | _rest(row)
            inner = "".join(
                f"<string key={quoteattr(key)} value={quoteattr(value)}/>"
                for key, value in told.items()
            )
            date = f'<date key="time:timestamp" value="{row["time"]}"/>'
            events += f"<event>{date}{inner}</event>"
        traces.append(f'<trace><string key="concept:name" value="{case}"/>{events}</trace>')
    path = folder / "fines.xes.gz"
    path.write_bytes(gzip.compress(f"<log>{''.join(traces)}</log>".encode(), mtime=0))
    names = {"case": "case:concept:name", "time": "time:timestamp", "activity": "concept:name"}
    return Format(path, _renamed(names))


def as_ocel(folder: Path, cases: int) -> Format:
    """An object for each case; activities are event types."""
    rows = list(made_up_fines.rows(9, cases, 900))
    document = {
        "objects": [{"id": one, "type": "case"} for one in dict.fromkeys(r["case"] for r in rows)],
        "events": [
            {
                "id": f"{row['case']}-{row['seq']}", "type": row["activity"], "time": row["time"],
                "attributes": [{"name": key, "value": v} for key, v in _rest(row).items()],
                "relationships": [{"objectId": row["case"], "qualifier": "fine"}],
            }
            for row in rows
        ],
    }  # fmt: skip
    path = folder / "fines.jsonocel"
    path.write_text(json.dumps(document), encoding="utf-8")
    rest = {name: f"attr:{name}" for name in made_up_fines.COLUMNS if name not in OWN}
    mapping = _renamed(rest | {"case": "object:case", "activity": "type"})
    return Format(path, f"{mapping}ignore: {{kind: object}}\n")


def _rest(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if value and name not in OWN}


def _renamed(names: dict[str, str]) -> str:
    """The mapping of the fines with other columns."""
    text = FINES
    for old, new in names.items():
        text = text.replace(f"{{{old}}}", f"{{{new}}}")
        text = re.sub(rf"column: {old}(?=[,}}])", f'column: "{new}"', text)
        if old in ("activity", "dismissal"):
            text = re.sub(rf"(?<=[{{ ]){old}(?=: )", f'"{new}"', text)
    return text


@pytest.fixture(params=[as_csv, as_xes, as_ocel], ids=["csv", "xes", "ocel"])
def format_(request: pytest.FixtureRequest, tmp_path: Path) -> Format:
    """Each of them."""
    found: Format = request.param(tmp_path, 40)
    return found


class Recording(Platform):
    """Keeps the events that it took, as they came."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, Any] = {}

    def _answer(self, event: dict[str, Any]) -> dict[str, Any]:
        self.events.setdefault(event["id"], event)
        return super()._answer({"id": event["id"], "data": {"state": ""}})


def carry(format_: Format, platform: Platform, size: int) -> Transfer:
    """One run of the importer, from the files alone, as a new process would."""
    written, source = parse(format_.mapping, "map.yaml")
    folder = format_.file.parent
    with open_rows(format_.file, written, unheard) as opened:
        mapping = compiled(written, source, opened.columns)
        with in_order(opened, mapping.order, folder, unheard) as rows:
            state_file = StateFile(folder / "state.json", "f")
            transfer = Transfer(platform, state_file, lambda _tally: None)
            parts = batches(rows, Translator(mapping), size, transfer.resumes_after)
            asyncio.run(transfer.run(parts))
    return transfer


def documents(format_: Format) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events in the order in which they are sent."""
    platform = Recording()
    carry(format_, platform, 50)
    yield from platform.events.items()


def test_one_log_gives_the_same_events(format_: Format, tmp_path: Path) -> None:
    """In the same order, to the last field."""
    (tmp_path / "csv").mkdir()

    assert list(documents(format_)) == list(documents(as_csv(tmp_path / "csv", 40)))


@pytest.mark.parametrize("dies_before", [True, False])
def test_a_break_changes_nothing(format_: Format, dies_before: bool) -> None:
    """However often and wherever it is killed, each event is there once and in order."""
    whole, broken = Recording(), Recording()
    tally: Tally = carry(format_, whole, 7).tally

    for dies_in in KILL_AT:
        broken.dies_in, broken.dies_before = dies_in, dies_before
        with pytest.raises(Killed):
            carry(format_, broken, 7)
    broken.dies_in = None
    again = carry(format_, broken, 7).tally

    assert list(broken.events.items()) == list(whole.events.items())
    assert told(again) == told(tally)
    assert again.events == len(whole.events)


@pytest.mark.parametrize("make", [as_xes, as_ocel], ids=["xes", "ocel"])
def test_kill_9_through_the_real_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    """The command as a process, killed on the way; begun again it ends with everything there."""
    monkeypatch.setenv("YIPING_ORGANISATIONS", str(MAPPINGS / "italian_organisations.csv"))
    file, mapping = make(tmp_path, 150)
    (tmp_path / "map.yaml").write_text(mapping, encoding="utf-8")
    count = sum(1 for _ in made_up_fines.rows(9, 150, 900))
    with Server(tmp_path / "data", command="ingest") as server:
        command = [
            sys.executable, "-m", "services", "import", str(file), "--mapping", "map.yaml",
            "--url", server.url, "--batch", "2", "--token", server.token(ROOT, "importer"),
        ]  # fmt: skip
        environment = {"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
        first = subprocess.Popen(command, cwd=tmp_path, env=environment)
        wait_for_row(tmp_path / f"{file.name}.import-state.json", count // 3)
        first.kill()
        first.wait()
        second = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, check=False
        )

    assert (first.returncode, second.returncode) == (-9, 0)
    assert b"going on after row" in second.stderr
    report = msgspec.json.decode((tmp_path / f"{file.name}.import-report.json").read_bytes())
    assert report["events"] == report["accepted"] + report["duplicates"] == count
    assert report["refused"] == {}


def wait_for_row(state: Path, row: int) -> None:
    """Until the importer's state file tells of that row."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if state.exists() and json.loads(state.read_text())["row"] >= row:
            return
        time.sleep(0.005)
    raise TimeoutError(f"row {row} was not reached")
