"""What is written from the code is what is committed."""

from __future__ import annotations

import json
from pathlib import Path

from schemas.classes import CLASSES
from schemas.generate import documents
from schemas.generated_files import check, release, released, write


def test_the_committed_files_are_those_of_the_code() -> None:
    """A change of a class without ``make schemas`` is found here."""
    assert check() == []


def test_each_class_has_a_file_and_a_section() -> None:
    """25 classes, envelope, log record and socket; the page shows every class."""
    made = documents()

    for row in CLASSES.values():
        assert json.loads(made[f"schemas/generated/facts/{row.type}.json"])["title"] == row.type
        assert f"### {row.number}. {row.chinese} `{row.type}`" in made["docs/classes.md"]
    assert len(made) == len(CLASSES) + 6


def test_written_files_are_up_to_date(tmp_path: Path) -> None:
    """Writing twice changes nothing the second time; Chinese stays readable."""
    assert len(write(tmp_path)) == len(documents())
    assert (write(tmp_path), check(tmp_path)) == ([], [])
    assert "接警登记" in (tmp_path / "docs/classes.md").read_text(encoding="utf-8")


def test_changed_missing_and_left_over_files_are_named(tmp_path: Path) -> None:
    """Check tells each, write mends all."""
    write(tmp_path)
    generated = tmp_path / "schemas/generated"
    (generated / "asyncapi.json").write_text("{}", encoding="utf-8")
    (generated / "log_record.json").unlink()
    (generated / "facts/case.forgotten.json").write_text("{}", encoding="utf-8")

    wrong = [
        "schemas/generated/asyncapi.json",
        "schemas/generated/facts/case.forgotten.json",
        "schemas/generated/log_record.json",
    ]
    assert check(tmp_path) == wrong
    assert write(tmp_path) == wrong
    assert check(tmp_path) == []


def test_the_document_of_the_http_doors_is_taken_along(tmp_path: Path) -> None:
    """It is written when given, and left alone when not."""
    path = tmp_path / "schemas/generated/openapi.json"
    doors = {"openapi": "3.1.0"}

    write(tmp_path, doors)
    assert json.loads(path.read_text(encoding="utf-8")) == doors
    assert check(tmp_path) == []
    assert check(tmp_path, {"openapi": "3.2.0"}) == ["schemas/generated/openapi.json"]

    write(tmp_path)
    assert path.exists()


def test_a_release_keeps_the_schemas(tmp_path: Path) -> None:
    """What is kept reads back as it was."""
    assert released(tmp_path) == {}

    release(tmp_path)

    kept = released(tmp_path)
    assert len(kept) == len(CLASSES) + 4
    assert kept["facts/case.decided.json"]["title"] == "case.decided"
