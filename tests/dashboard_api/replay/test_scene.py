"""What a replay holds, moved on step by step."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.dashboard_api.microseconds import us_of_moment
from services.dashboard_api.panels.buckets import bucket_of_moment, key_of
from services.dashboard_api.panels.levels import Levels
from services.dashboard_api.panels.sources import Heard, Sources
from services.dashboard_api.replay.scene import (
    FORGET_EVERY_S,
    MOVES_AT_ONCE,
    Row,
    Scene,
    Stretch,
    View,
)
from tests.dashboard_api.histories import START
from tests.dashboard_api.replaying import SCREEN

COUNTY, STATION = "350203000000", "350203500000"
BUCKET = 600 * (us_of_moment(START) // 600_000_000 + 1)
FLOWS = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.just("flow"),
        st.sampled_from(("case", "person")),
        st.sampled_from((COUNTY, STATION)),
        st.sampled_from(("open", "waiting", "closed")),
        st.just(BUCKET),
        st.integers(-3, 3),
    )
).map(sorted)


def scene(*panels: str) -> Scene:
    """An empty one."""
    view = View(COUNTY, panels or ("case", "person"))
    return Scene(view, SCREEN, START, Levels(), Heard(), Sources(), Sources())


def walk(stretch: Stretch, on: Scene, step: int) -> int:
    """Move a scene on; in how many pieces."""
    pieces = 0
    for piece in stretch.pieces(on, step):
        piece()
        pieces += 1
    return pieces


@given(FLOWS, st.sets(st.integers(0, 30)))
def test_any_way_to_a_step_leads_to_the_same_numbers(flows: list[Row], stops: set[int]) -> None:
    """Step by step, or over many at once; and never to more than its own."""
    whole, stopping = scene(), scene()
    way = Stretch(30, flows, [])
    for step in sorted(stops):
        walk(way, stopping, step)
        known = sum(flow[-1] for flow in flows if flow[0] <= step)
        assert sum(stopping.levels.cells.values()) == known
    walk(way, stopping, 30)
    walk(Stretch(30, flows, []), whole, 30)

    assert stopping.levels.cells == whole.levels.cells
    stopping.at(START)
    whole.at(START)
    assert stopping.frame("case") == whole.frame("case")


def test_work_comes_in_small_pieces() -> None:
    """So that others get their turn between."""
    flows = [(1, "flow", "case", STATION, "open", BUCKET, 1)] * (3 * MOVES_AT_ONCE + 1)
    one = scene()

    pieces = walk(Stretch(1, flows, []), one, 1)

    assert pieces == 5
    assert one.levels.statuses("case", COUNTY) == {"open": 3 * MOVES_AT_ONCE + 1}


def test_only_what_may_have_changed_is_rendered() -> None:
    """A panel whose numbers moved; all of them when a bucket begins; freshness always."""
    one = scene("case", "person", "freshness")
    assert one.due() == ["case", "person", "freshness"]
    assert one.due() == []

    walk(Stretch(9, [(1, "flow", "person", STATION, "waiting", BUCKET, 1)], []), one, 1)
    one.at(START + timedelta(seconds=1))
    assert one.due() == ["person", "freshness"]

    one.at(START + timedelta(minutes=10))
    assert one.due() == ["case", "person", "freshness"]


def test_what_is_due_is_kept_until_it_is_asked_for() -> None:
    """Moments that are left out lose nothing."""
    one = scene("case", "person")
    one.due()
    way = Stretch(9, [(1, "flow", "person", STATION, "waiting", BUCKET, 1),
                      (2, "flow", "case", STATION, "open", BUCKET, 1)], [])  # fmt: skip
    for step in (1, 2, 3):
        walk(way, one, step)
        one.at(START + timedelta(seconds=step))

    assert one.due() == ["case", "person"]


def test_a_source_that_is_heard_again_makes_a_bucket_known() -> None:
    """Though no number moved: the trend is no outage any more."""
    speaking = Sources()
    speaking.first_heard(COUNTY, START)
    one = Scene(View(COUNTY, ("case",)), SCREEN, START, Levels(), Heard(), Sources(), speaking)
    one.due()
    assert set(one.frame("case")["trend"].values()) == {None}

    walk(Stretch(1, [(1, "heard", "", COUNTY[:6], "", BUCKET, 1)], []), one, 1)
    one.at(START + timedelta(seconds=1))

    assert one.due() == ["case"]
    assert list(one.frame("case")["trend"].values())[-1] == 0


def test_what_no_trend_shows_any_more_is_let_go_of() -> None:
    """However long it plays, a little more than a day is held."""
    one, held = scene("case"), list[int]()
    for hour in range(1, 24 * 7):
        moment = START + timedelta(hours=hour)
        bucket = bucket_of_moment(moment)
        flow = (hour, "flow", "case", STATION, "open", bucket, 1)
        heard = (hour, "heard", "", COUNTY[:6], "", bucket, 1)
        walk(Stretch(hour, [flow, heard], []), one, hour)
        one.at(moment)
        held.append(len(one.levels._moves["case", COUNTY[:6]]))

    most_h = 24 + FORGET_EVERY_S // 3600
    assert most_h - 1 <= max(held) <= most_h + 1
    assert len(one.heard._buckets[COUNTY[:6]]) <= most_h + 1
    newest = bucket_of_moment(START + timedelta(hours=24 * 7 - 1))
    assert one.frame("case")["trend"][key_of(newest)] == 24 * 7 - 1
