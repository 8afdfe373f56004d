"""The mapping files that ship with the project do what their own words say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas import organisations
from schemas.classes import CLASSES
from services.importer.mapping import compiled
from services.importer.mapping_file import parse
from services.importer.table import Table
from services.importer.translation import Outcome, Passed, Translated, Translator
from tests.importer.custody_count import known_from, rows
from tests.importer.made_up_custody import write

PROJECT = Path(__file__).parent.parent.parent
MAPPINGS = PROJECT / "mappings"
CUSTODY = MAPPINGS / "nyc_custody.yaml"
REGISTER = MAPPINGS / "sample/register.yaml"


def outcomes(mapping: Path, file: Path) -> list[Outcome]:
    """What a shipped mapping makes of a file."""
    with Table(file) as table:
        written = parse(mapping.read_text(encoding="utf-8"), mapping.name)
        translator = Translator(compiled(*written, table.columns))
        return [
            outcome
            for number, cells in table.rows()
            for outcome in translator.translate(number, cells or {})
        ]


def events(found: list[Outcome]) -> Iterator[dict[str, Any]]:
    """The events among them."""
    for outcome in found:
        if isinstance(outcome, Translated):
            yield msgspec.json.decode(outcome.body)


@pytest.fixture(scope="module")
def custody_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up custody list of two months."""
    path = tmp_path_factory.mktemp("custody") / "custody.csv"
    return write(path, seed=3, days=60, admissions_a_day=6)


@pytest.fixture(scope="module")
def custody(custody_file: Path) -> list[dict[str, Any]]:
    """Its events."""
    return list(events(outcomes(CUSTODY, custody_file)))


def test_every_mapping_is_tried_here() -> None:
    """A new mapping file needs a test of its own."""
    assert sorted(MAPPINGS.rglob("*.yaml")) == [CUSTODY, REGISTER]


def test_the_sample_register_becomes_events() -> None:
    """Every line but the printed one, each a fact that its class takes."""
    found = outcomes(REGISTER, MAPPINGS / "sample/register.csv")

    made = list(events(found))
    assert [o for o in found if not isinstance(o, Translated)] == [Passed(6, True)]
    assert len(made) == 13
    for one in made:
        msgspec.convert(one["data"], CLASSES[one["type"]].struct)
    assert [one["id"] for one in made if "corrects" in one] == ["register-9"]
    assert next(one["corrects"] for one in made if "corrects" in one) == "register-8"


def test_the_sample_fits_the_organisations_of_the_demo() -> None:
    """Each code is known in Fujian."""
    fujian = organisations.load()
    for one in events(outcomes(REGISTER, MAPPINGS / "sample/register.csv")):
        assert fujian.knows(one["source"].removeprefix("/orgs/"))
        assert fujian.knows(one["data"]["org"])


def test_the_custody_list_has_organisations_of_its_own() -> None:
    """State, city, and a division for each custody level that the mapping names."""
    there = organisations.load(MAPPINGS / "nyc_organisations.csv")
    mapping, _ = parse(CUSTODY.read_text(encoding="utf-8"), CUSTODY.name)

    divisions = {one.code for one in there.children("360100000000")}
    assert divisions == set(mapping.values["division"].values())
    assert there.root.code == "360000000000"
    assert [one.code for one in there if one.centre] == [mapping.source]


def test_each_row_of_the_list_is_one_event(
    custody_file: Path, custody: list[dict[str, Any]]
) -> None:
    """Nothing is left out, nothing comes twice, each is a fact that its class takes."""
    assert len(custody) == len(list(rows(custody_file)))
    assert len({one["id"] for one in custody}) == len(custody)
    for one in custody:
        msgspec.convert(one["data"], CLASSES[one["type"]].struct)


def test_the_kinds_of_change_become_classes(
    custody_file: Path, custody: list[dict[str, Any]]
) -> None:
    """Appear, vanish, change; a booking that is back is a check that corrects its release."""
    kinds = Counter(row["kind"] for row in rows(custody_file))
    types = Counter(one["type"] for one in custody)
    back = [one for one in custody if "corrects" in one]

    assert back
    assert types["person.released"] == kinds["vanish"]
    assert types["person.admitted"] == kinds["appear"] - len(back)
    assert {one["type"] for one in back} == {"person.checked"}
    released = {one["id"]: one for one in custody if one["type"] == "person.released"}
    for one in back:
        assert released[one["corrects"]]["data"]["person_no"] == one["data"]["person_no"]


def test_lists_are_known_at_the_end_of_their_day(
    custody_file: Path, custody: list[dict[str, Any]]
) -> None:
    """In the order of the file, never going back, never before what they tell of happened."""
    received = [datetime.fromisoformat(one["receivedtime"]).astimezone(UTC) for one in custody]

    assert received == sorted(received)
    assert received == [known_from(row["recorded_on"]) for row in rows(custody_file)]
    for one in custody:
        assert datetime.fromisoformat(one["time"]) <= datetime.fromisoformat(one["receivedtime"])


def test_an_admission_later_than_its_list_moves_the_list(tmp_path: Path) -> None:
    """What is known cannot be known before it happens."""
    path = tmp_path / "late.csv"
    path.write_text(
        "recorded_on,kind,booking,person,admitted_at,custody_level,status,gender,age_band,"
        "top_charge\n2026-01-02,appear,b,p,2026-01-03T01:00:00,MIN,DE,M,18-20,\n",
        encoding="utf-8",
    )

    (one,) = events(outcomes(CUSTODY, path))

    assert one["time"] == one["receivedtime"] == one["recordedtime"] == "2026-01-03T01:00:00-05:00"
    assert one["data"]["case_reason"] == "not stated"


def test_a_level_moves_the_stay_and_every_fact_names_the_division(
    custody_file: Path, custody: list[dict[str, Any]]
) -> None:
    """So that numbers by organisation are numbers by level."""
    division = {"MIN": "1", "MED": "2", "MAX": "3", "": "4"}
    for row, one in zip(rows(custody_file), custody, strict=True):
        assert one["data"]["org"] == f"36010{division[row['custody_level']]}000000"
        assert one["source"] == "/orgs/360100000000"
