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
from services.importer.opening import in_order
from services.importer.rows import unheard
from services.importer.table import Table
from services.importer.translation import Outcome, Passed, Translated, Translator
from tests.importer import fines_count, made_up_fines
from tests.importer.custody_count import known_from, rows
from tests.importer.made_up_custody import write

PROJECT = Path(__file__).parent.parent.parent
MAPPINGS = PROJECT / "mappings"
CUSTODY = MAPPINGS / "nyc_custody.yaml"
FINES = MAPPINGS / "italian_fines.yaml"
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
    assert sorted(MAPPINGS.rglob("*.yaml")) == [FINES, CUSTODY, REGISTER]


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


@pytest.fixture(scope="module")
def fines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up log of traffic fines."""
    return made_up_fines.write(tmp_path_factory.mktemp("fines") / "fines.csv", seed=5, cases=120)


def test_the_fines_have_organisations_of_their_own() -> None:
    """A force, and below it each article that the mapping tells apart, and the others."""
    there = organisations.load(MAPPINGS / "italian_organisations.csv")
    mapping, _ = parse(FINES.read_text(encoding="utf-8"), FINES.name)

    articles = {one.code for one in there.children("390100000000")}
    assert articles == {*mapping.values["article"].values(), fines_count.OTHERS}
    assert [one.code for one in there if one.centre] == [mapping.source]


def test_each_activity_of_a_fine_is_one_event(fines: Path) -> None:
    """Nothing is left out, nothing comes twice, each is a fact that its class takes."""
    made = list(events(outcomes(FINES, fines)))

    assert Counter(one["data"]["case_no"] for one in made) == Counter(
        step.case for step in fines_count.steps(fines)
    )
    assert len({one["id"] for one in made}) == len(made)
    for one in made:
        msgspec.convert(one["data"], CLASSES[one["type"]].struct)


def test_the_activities_move_a_case_as_they_say(fines: Path) -> None:
    """The status that each speaks for is the one that counting by hand gives."""
    made = {one["id"]: one for one in events(outcomes(FINES, fines))}
    for step in fines_count.steps(fines):
        one = made[f"{step.case}/{step.seq}"]
        row = CLASSES[one["type"]]
        assert row.moves(msgspec.convert(one["data"], row.struct)) == fines_count.moved_to(step)
        assert datetime.fromisoformat(one["time"]) == step.at
        assert one["receivedtime"] == one["recordedtime"] == one["time"]


def test_the_fines_are_sorted_as_they_became_known(fines: Path) -> None:
    """By day, then by their number in the case."""
    written, source = parse(FINES.read_text(encoding="utf-8"), FINES.name)
    with Table(fines) as table:
        order = compiled(written, source, table.columns).order
        with in_order(table, order, fines.parent, unheard) as rows:
            numbers = [row.number for row in rows.rows()]

    steps = list(fines_count.steps(fines))
    in_time = sorted(range(len(steps)), key=lambda n: (steps[n].at, steps[n].seq))
    assert numbers == [n + 1 for n in in_time]
