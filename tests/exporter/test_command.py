"""``yiping export ocel`` as people run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.__main__ import main
from tests.exporter.exported import valid
from tests.support.events import NOON, event
from tests.support.ingest import House


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """A data folder with two facts, an hour apart."""
    (tmp_path / "data").mkdir()
    with House(tmp_path / "data") as house:
        house.record([event("case.accepted", "1", subject="A1")])
        house.clock.move(hours=1)
        house.record([event("case.decided", "2", subject="A1")])
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    """The exit code of one run in this process."""
    output = ("--output", str(folder / "log.json")) if "--output" not in arguments else ()
    return main(["export", "ocel", "--data", str(folder / "data"), *output, *arguments])


def test_the_file_is_written_and_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on standard output says what is in it."""
    assert run(folder) == 0

    assert capsys.readouterr().out == f"{folder}/log.json: 2 events, 1 objects (1 case)\n"
    assert len(valid(json.loads((folder / "log.json").read_bytes()))["events"]) == 2


def test_a_part_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By organisation and by moment."""
    assert run(folder, "--as-of", NOON.isoformat(), "--org", "350203000000") == 0
    assert run(folder, "--as-of", NOON.isoformat(), "--org", "350100000000") == 0

    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(": 1 events, 1 objects (1 case)")
    assert second.endswith(": 0 events, 0 objects")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--org", "3502"), "--org '3502': expected the code of a known organisation"),
        (("--as-of", "2026-03-01"), "--as-of '2026-03-01': expected a time such as"),
        (("--as-of", "now"), "--as-of 'now': expected a time such as"),
        (("--output", "log.xml"), "log.xml: the name has to end in"),
    ],
)
def test_a_mistake_of_the_caller_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    """One line, exit code 2, no file."""
    assert run(folder, *arguments) == 2

    said = capsys.readouterr().err
    assert f"yiping: {told}" in said
    assert "Traceback" not in said
    assert not (folder / "log.json").exists()


def test_a_folder_without_facts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named; nothing is made there."""
    code = main(
        ["export", "ocel", "--data", str(folder / "none"), "--output", str(folder / "log.json")]
    )

    assert code == 2
    assert "none" in capsys.readouterr().err
    assert not (folder / "none").exists()


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """What it is, how it is called, what is left out."""
    with pytest.raises(SystemExit):
        main(["export", "ocel", "--help"])

    said = capsys.readouterr().out
    assert "yiping export ocel --data" in said
    assert "identifies a human being" in said
