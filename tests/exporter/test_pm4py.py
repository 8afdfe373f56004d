"""pm4py, which is not ours, opens the export and finds in it what is in the event store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings

from services.__main__ import main
from services.backbone.log import Entry
from services.exporter.export import Selection, export
from tests.exporter import directly_follows
from tests.exporter.directly_follows import pm4py
from tests.exporter.exported import counts_of, holding, recorded
from tests.importer.carried import MAPPINGS
from tests.importer.fines_count import ROOT, italian_log, lives, steps
from tests.importer.made_up_fines import write
from tests.support.histories import histories, records_of
from tests.support.server import Server


def opened(path: Path) -> Any:
    """The export as pm4py reads it."""
    return pm4py().read_ocel2_json(str(path))


def counts(ocel: Any) -> tuple[Counter[str], Counter[str]]:
    """Events by type and objects by type."""
    return Counter(ocel.events["ocel:activity"]), Counter(ocel.objects["ocel:type"])


@settings(max_examples=10, deadline=None)
@given(histories(max_facts=60))
def test_its_counts_are_ours(entries: list[Entry]) -> None:
    """Events by class and objects by element, of any history."""
    kept = holding(records_of(entries))
    with TemporaryDirectory() as folder:
        store = recorded(Path(folder), entries)
        export(store, Selection("", None), Path(folder) / "log.json.gz")
        store.close()

        if kept:
            assert counts(opened(Path(folder) / "log.json.gz")) == counts_of(kept)


def imported(folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a platform that took the whole file through its door."""
    monkeypatch.setenv("YIPING_ORGANISATIONS", str(MAPPINGS / "italian_organisations.csv"))
    monkeypatch.chdir(folder)
    with Server(folder / "data", command="ingest") as server:
        code = main(
            ["import", str(file), "--mapping", str(MAPPINGS / "italian_fines.yaml"),
             "--url", server.url, "--token", server.token(ROOT, "importer")]
        )  # fmt: skip
    assert code == 0
    return folder / "data"


def compare(data: Path, file: Path, output: Path) -> None:
    """The way through the cases, drawn from our export and from the file itself."""
    assert main(["export", "ocel", "--data", str(data), "--output", str(output)]) == 0
    ocel = opened(output)

    events, objects = counts(ocel)
    assert events.total() == sum(1 for _ in steps(file))
    assert objects == {"case": len(lives(file))}
    assert directly_follows.of_export(ocel) == directly_follows.of_file(file)


def test_the_way_through_the_cases_is_that_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A made-up log of fines, case by case with several activities on one day."""
    file = write(tmp_path / "fines.csv", seed=7, cases=300)

    compare(imported(tmp_path, file, monkeypatch), file, tmp_path / "fines.json")


@pytest.mark.soak
def test_the_way_through_thirteen_years_is_that_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole Italian log."""
    file = italian_log()

    compare(imported(tmp_path, file, monkeypatch), file, tmp_path / "fines.json.gz")
