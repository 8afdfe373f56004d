"""Cursors are opaque, and only what a list gave is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dashboard_api.cursor import BEGINNING, Cursor, read, written
from services.dashboard_api.drilldown import cursor_at
from services.dashboard_api.errors import CursorInvalid

US = st.integers(-(2**60), 2**60)
MOMENT = datetime(2026, 11, 22, 12, tzinfo=UTC)
MOMENT_US = 1_795_348_800_000_000


@given(st.builds(Cursor, US, st.text(), st.none() | US))
def test_what_is_written_is_read(cursor: Cursor) -> None:
    """Any key and moment survive the way through a client."""
    assert read(written(cursor)) == cursor


@given(st.text(min_size=1, max_size=40))
def test_rubbish_is_refused_and_nothing_else_happens(text: str) -> None:
    """Any other text is either a cursor or CursorInvalid."""
    try:
        cursor = read(text)
    except CursorInvalid:
        return
    assert isinstance(cursor, Cursor)


@pytest.mark.parametrize("text", [None, ""])
def test_no_cursor_is_the_beginning(text: str | None) -> None:
    """The first page has none."""
    assert read(text) is BEGINNING


def test_a_page_keeps_the_moment_of_its_list() -> None:
    """The moment of the cursor holds, named again or not; another one is refused."""
    cursor = Cursor(1, "a", MOMENT_US)

    assert cursor_at(cursor, None) == MOMENT
    assert cursor_at(cursor, MOMENT) == MOMENT
    with pytest.raises(CursorInvalid):
        cursor_at(cursor, MOMENT + timedelta(seconds=1))


def test_a_page_of_the_present_stays_in_the_present() -> None:
    """A cursor of a list without a moment goes with no moment."""
    assert cursor_at(Cursor(1, "a"), None) is None
    with pytest.raises(CursorInvalid):
        cursor_at(Cursor(1, "a"), MOMENT)
