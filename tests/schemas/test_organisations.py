"""Organisations: the file, its bad rows, and scope as a prefix."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import OrganisationsInvalid, UnknownOrganisation
from schemas.organisations import (
    PREFIX_LENGTH,
    bucket_of,
    child_length,
    level_of,
    load,
    parse,
    scope_of,
)

HEAD = "code,region,level,parent,lon,lat"
PROVINCE = "350000000000,福建省,province,,118.3,26.1"
CITY = "350200000000,厦门市,city,350000000000,118.1,24.5"
COUNTY = "350203000000,思明区,county,350200000000,118.1,24.4"

codes = st.builds(
    lambda province, city, county, unit: (
        f"{province:02d}"
        + (f"{city:02d}" if city else "00")
        + (f"{county:02d}" if city and county else "00")
        + (f"{unit:06d}" if city and county else "000000")
    ),
    st.integers(11, 65),
    st.integers(0, 99),
    st.integers(0, 99),
    st.sampled_from([0, 500000, 510000, 10000, 990001]),
)


def test_the_default_is_fujian() -> None:
    """One province, nine cities, 84 counties; every parent is there."""
    fujian = load()

    levels = [o.level for o in fujian]
    assert (levels.count("province"), levels.count("city"), levels.count("county")) == (1, 9, 84)
    assert fujian.root.code == "350000000000"
    assert len(fujian) == 94


def test_another_force_brings_its_own_file(tmp_path: Path) -> None:
    """A file by path is read like the default."""
    path = tmp_path / "organisations.csv"
    path.write_text("\n".join([HEAD, PROVINCE, CITY]), encoding="utf-8")

    assert [o.name for o in load(path)] == ["福建省", "厦门市"]


def test_who_runs_a_centre() -> None:
    """As the file says; where it says nothing every county does. Fujian's are 92."""
    said = parse([f"{HEAD},centre", f"{PROVINCE},0", f"{CITY},1", f"{COUNTY},0"])
    unsaid = parse([HEAD, PROVINCE, CITY, COUNTY])

    assert [o.code for o in said if o.centre] == ["350200000000"]
    assert [o.code for o in unsaid if o.centre] == ["350203000000"]
    assert sum(o.centre for o in load()) == 92


def test_a_file_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    """A byte order mark, as Excel writes it, and blanks around a value do no harm."""
    path = tmp_path / "organisations.csv"
    path.write_text("\n".join([HEAD, PROVINCE.replace(",", " , ")]), encoding="utf-8-sig")

    assert load(path).root.code == "350000000000"


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """GBK, as old exports have it, is named with its line and never read as rubbish."""
    path = tmp_path / "organisations.csv"
    path.write_bytes("\n".join([HEAD, PROVINCE]).encode("gbk"))

    with pytest.raises(OrganisationsInvalid, match=r"line 2.*not UTF-8"):
        load(path)


@pytest.mark.parametrize(
    ("lines", "line", "field", "reason"),
    [
        (["code,region,level", PROVINCE], 1, "parent", "column is missing"),
        ([HEAD, "35,福建省,province,,,"], 2, "code", "'35' is not 12 digits"),
        ([HEAD, "３５００００００００００,福建省,province,,,"], 2, "code", "not 12 digits"),
        ([HEAD, "350000000000,福建省,planet,,,"], 2, "level", "'planet' is none of province"),
        ([HEAD, "350000000000,福建省,city,,,"], 2, "level", "shape of a province"),
        ([HEAD, PROVINCE, PROVINCE], 3, "code", "350000000000 stands twice"),
        ([HEAD, PROVINCE, COUNTY], 3, "parent", "350200000000 is not above this line"),
        (
            [HEAD, PROVINCE, CITY, "350303000000,涵江区,county,350200000000,,"],
            4, "parent", "does not lie within",
        ),
        ([HEAD, "350000000000,福建省,province,,east,26.1"], 2, "lon", "not a number"),
        ([HEAD, "350000000000,福建省,province,,118.3,north"], 2, "lat", "not a number"),
        ([HEAD, "350000000000,福建省,province,,118.3,96"], 2, "lat", "not between -90 and 90"),
        ([HEAD, "350000000000,福建省,province,,nan,26.1"], 2, "lon", "not between -180 and 180"),
        ([HEAD, "", PROVINCE, "", "3502,厦门市,city,350000000000,,"], 5, "code", "not 12 digits"),
        ([HEAD, "350000000000,福建省,province"], 2, "parent", "cell is missing"),
        ([f"{HEAD},centre", f"{PROVINCE},maybe"], 2, "centre", "'maybe' is neither 1 nor 0"),
        ([HEAD, "350000000000,,province,,,"], 2, "region", "no name"),
        ([HEAD, PROVINCE, "360000000000,江西省,province,,,"], 1, "parent", "not 2"),
        ([HEAD], 1, "parent", "not 0"),
        ([], 1, "code", "column is missing"),
    ],
)  # fmt: skip
def test_bad_rows_are_named(lines: list[str], line: int, field: str, reason: str) -> None:
    """The error tells the line, the field and what is wrong with it."""
    with pytest.raises(OrganisationsInvalid, match=reason) as caught:
        parse(lines)

    assert (caught.value.line, caught.value.field) == (line, field)
    assert f"line {line}" in str(caught.value)


@pytest.mark.parametrize(
    ("code", "scope", "level"),
    [
        ("350000000000", "35", "province"),
        ("350200000000", "3502", "city"),
        ("350203000000", "350203", "county"),
        ("350203500000", "350203500000", "station"),
        ("350203010000", "350203010000", "station"),
        ("350210000000", "350210", "county"),
        ("351000000000", "3510", "city"),
    ],
)
def test_the_shape_of_a_code_tells_its_scope_and_level(code: str, scope: str, level: str) -> None:
    """A scope is a prefix; a digit 0 inside a region's number is not cut off."""
    assert (scope_of(code), level_of(code)) == (scope, level)


@given(codes)
def test_a_code_lies_in_its_own_scope(code: str) -> None:
    """``startswith`` answers "may see" for the code itself, and the scope has a level's length."""
    scope = scope_of(code)

    assert code.startswith(scope)
    assert len(scope) == PREFIX_LENGTH[level_of(code)]
    assert scope_of(bucket_of(code, len(scope))) == scope


@given(st.lists(codes, max_size=30), codes)
def test_children_add_up_to_their_parent(things: list[str], parent: str) -> None:
    """Buckets of the children hold each thing within the scope exactly once."""
    within = [code for code in things if code.startswith(scope_of(parent))]

    buckets = [bucket_of(code, child_length(parent)) for code in within]

    for bucket, code in zip(buckets, within, strict=True):
        assert bucket.startswith(scope_of(parent))
        assert code.startswith(scope_of(bucket)) or bucket == parent


@given(codes)
def test_levels_nest(code: str) -> None:
    """The bucket of a bucket is the bucket: station in county in city in province."""
    for longer, shorter in ((12, 6), (6, 4), (4, 2)):
        assert bucket_of(bucket_of(code, longer), shorter) == bucket_of(code, shorter)


def test_a_unit_of_a_known_county_is_known() -> None:
    """Stations come and go; they need not be listed, but their county must be."""
    fujian = load()

    assert fujian.knows("350203500000")
    assert fujian.knows("350200010000")
    assert not fujian.knows("350299500000")
    assert not fujian.knows("35020350000")
    assert not fujian.knows("３５０２０３５０００００")


def test_a_unit_has_the_name_of_its_county() -> None:
    """A station that is not listed is named after its county and number, and lies within it."""
    station = load().get("350203510000")

    assert (station.name, station.level, station.parent) == (
        "思明区51派出所", "station", "350203000000",
    )  # fmt: skip
    assert load().get("350203010000").name == "思明区1部门"
    assert load().get("350200010000").parent == "350200000000"


def test_an_unknown_code_is_refused() -> None:
    """Nothing is made up for a county that is not there."""
    with pytest.raises(UnknownOrganisation, match="350299000000"):
        load().get("350299000000")


def test_below_and_children() -> None:
    """Below is all within the scope, children are one step down."""
    fujian = load()
    xiamen = fujian.below("350200000000")

    assert xiamen[0].code == "350200000000"
    assert xiamen[1:] == fujian.children("350200000000")
    assert len(fujian.children("350000000000")) == 9
    assert fujian.below("350203500000") == []


def test_parse_of_every_city_of_the_default() -> None:
    """Each organisation's code has the shape of its level and lies in its parent's scope."""
    for one in load():
        assert level_of(one.code) == one.level
        assert one.parent is None or one.code.startswith(scope_of(one.parent))
        assert one.scope == scope_of(one.code)
