"""What a client of a replay is told of a panel."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.frames import PanelChange
from services.dashboard_api.patch import apply
from services.dashboard_api.replay.pushes import Frame, Shown

KEYS = st.sampled_from("abcd")
FRAMES = st.lists(
    st.dictionaries(KEYS, st.none() | st.integers() | st.dictionaries(KEYS, st.integers())),
    min_size=1,
)


def told(shown: Shown, frame: dict[str, Any], panel: str = "case") -> PanelChange | None:
    """How a frame of a panel is told."""
    return shown.changes({panel: Frame(frame)}).get(panel)


def test_the_first_frame_comes_whole_and_then_patches() -> None:
    """A client that holds nothing cannot patch."""
    shown = Shown()

    first = told(shown, {"total": 1, "as_of": "x"})
    second = told(shown, {"total": 2, "as_of": "y"})

    assert first is not None
    assert first.snapshot == {"total": 1, "as_of": "x"}
    assert second is not None
    assert second.patch == {"total": 2, "as_of": "y"}
    assert second.snapshot is None


def test_a_frame_that_differs_in_its_moment_alone_is_left_out() -> None:
    """The push tells the moment of all; what is not rendered anew is left out as well."""
    shown, frame = Shown(), Frame({"total": 1, "as_of": "y"})
    told(shown, {"total": 1, "as_of": "x"})

    assert shown.changes({"case": frame}) == {}
    assert shown.changes({"case": frame}) == {}


def test_what_a_patch_cannot_say_comes_whole() -> None:
    """A value that becomes null."""
    shown = Shown()
    told(shown, {"trend": {"noon": 1}})

    change = told(shown, {"trend": {"noon": None}})

    assert change is not None
    assert change.snapshot == {"trend": {"noon": None}}


def test_what_was_forgotten_comes_whole() -> None:
    """Each panel by itself."""
    shown = Shown()
    both = {"case": Frame({"total": 1}), "person": Frame({"total": 2})}
    shown.changes({"case": both["case"]})
    assert shown.lacks(both)
    assert shown.changes(both).keys() == {"person"}
    assert not shown.lacks(both)

    shown.forget()

    assert shown.lacks(both)
    assert shown.changes(both).keys() == both.keys()


def test_a_change_is_made_once_for_all_who_hold_the_same() -> None:
    """And nobody who went away is remembered for it."""
    before, after = Frame({"total": 1}), Frame({"total": 2})

    assert after.after(before) is after.after(before)
    del before

    assert len(after._after) == 0


@given(FRAMES)
def test_changes_in_a_row_give_the_last_frame(frames: list[dict[str, Any]]) -> None:
    """Whatever is left out, the client ends with the frame, but for its moment."""
    shown, held = Shown(), dict[str, Any]()
    for n, frame in enumerate(frames):
        change = told(shown, {**frame, "as_of": n})
        if change and change.snapshot is not None:
            held = change.snapshot
        elif change and change.patch is not None:
            held = apply(held, change.patch)
        assert {**held, "as_of": n} == {**frame, "as_of": n}
