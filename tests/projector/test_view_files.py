"""The files of views/."""

import pytest

from schemas.elements import ELEMENTS
from services.projector.errors import UnknownView, ViewFileInvalid
from services.projector.view_files import load, named, parse

TABLE = """\
-- What it is,
-- in two lines. Why it is so.
-- table
CREATE TABLE tally
(
    day Date -- of receipt
)
ENGINE = MergeTree ORDER BY day
-- select
SELECT toDate(received_at) AS day FROM events
"""


def test_a_file_has_a_purpose_a_table_and_a_select() -> None:
    """Comments before the first part say what it is for."""
    file = parse("tally", TABLE)

    assert file.purpose == "What it is, in two lines. Why it is so."
    assert file.summary == "What it is, in two lines"
    assert file.create("tally_next").startswith("CREATE TABLE IF NOT EXISTS tally_next\n(")
    assert file.follow().startswith(
        "CREATE MATERIALIZED VIEW IF NOT EXISTS tally_feed TO tally AS\nSELECT"
    )
    assert file.view is None


def test_comments_and_layout_do_not_change_the_digest() -> None:
    """A view is rebuilt for its SQL alone."""
    other = TABLE.replace("What it is", "Why it is").replace("    day Date", "  day   Date")

    assert parse("tally", other).digest == parse("tally", TABLE).digest


@pytest.mark.parametrize("change", [("Date", "Date32"), ("toDate", "toMonday")])
def test_ddl_and_select_change_the_digest(change: tuple[str, str]) -> None:
    """Another column or another select is another view."""
    assert parse("tally", TABLE.replace(*change)).digest != parse("tally", TABLE).digest


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-- nothing", "needs a -- table or a -- view"),
        (TABLE.replace("TABLE tally", "TABLE other"), "must begin with"),
        (TABLE + "-- view\nCREATE OR REPLACE VIEW tally AS SELECT 1", "needs a -- table or"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(text: str, reason: str) -> None:
    """The error names the file and what is wrong with it."""
    with pytest.raises(ViewFileInvalid, match=rf"views/tally\.sql: .*{reason}"):
        parse("tally", text)


def test_what_has_no_select_is_not_filled() -> None:
    """Tables that the projector itself writes have no feed."""
    file = parse("tally", TABLE.split("-- select")[0])
    with pytest.raises(ViewFileInvalid, match="no select"):
        file.follow()
    with pytest.raises(ViewFileInvalid, match="no select"):
        file.fill("tally", ["day"], "yiping")


def test_the_source_comes_first_and_plain_views_last() -> None:
    """What others are made from must stand before them."""
    files = load()
    plain = [file.view is not None for file in files]

    assert files[0].name == "events"
    assert plain == sorted(plain)


def test_each_element_has_a_view() -> None:
    """The six of the wall each have a view of their own."""
    assert {f.name for f in load() if f.view is not None} == {*ELEMENTS, "complete"}


def test_every_view_says_what_it_is() -> None:
    """``yiping views list`` has a line for each."""
    assert all(file.purpose.endswith(".") for file in load())


def test_an_unknown_name_lists_the_known() -> None:
    """A typing error is answered with what there is."""
    with pytest.raises(UnknownView, match=r"no view 'persons'.*person"):
        named("persons", load())
