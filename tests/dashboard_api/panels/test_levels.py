"""Levels: what comes in at a station adds up everywhere above it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.elements import ELEMENTS
from schemas.organisations import scope_of
from services.dashboard_api.panels.buckets import BUCKET_S
from services.dashboard_api.panels.levels import Cell, Flow, Levels, differences, standing, total
from tests.dashboard_api.histories import ORGS

PROVINCE, CITY, COUNTY, STATION = (
    "350000000000", "350200000000", "350203000000", "350203500000",
)  # fmt: skip
NEWEST = 1_795_348_800

FLOWS = st.lists(
    st.builds(
        Flow,
        st.just("case"),
        st.sampled_from(ORGS),
        st.sampled_from([s.name for s in ELEMENTS["case"].statuses]),
        st.integers(0, 200).map(lambda n: NEWEST - n * BUCKET_S),
        st.sampled_from([-1, 1]),
    ),
    max_size=60,
)


def levels_of(flows: list[Flow]) -> Levels:
    levels = Levels()
    for flow in flows:
        levels.count(*flow)
    return levels


def active(flows: list[Flow], org: str, until: int = NEWEST) -> int:
    return sum(
        f.delta
        for f in flows
        if f.org.startswith(scope_of(org))
        and f.status in ELEMENTS["case"].active
        and f.bucket <= until
    )


@given(FLOWS, st.sampled_from([PROVINCE, *ORGS]))
def test_every_number_is_the_sum_of_its_flows(flows: list[Flow], org: str) -> None:
    """The total of any organisation is the sum of the flows below it."""
    assert total("case", levels_of(flows).statuses("case", org)) == active(flows, org)


@given(FLOWS, st.sampled_from([PROVINCE, *ORGS]))
def test_children_add_up_to_their_parent(flows: list[Flow], org: str) -> None:
    """Σ children = parent at every level, the own unit included."""
    levels = levels_of(flows)
    children = levels.children("case", org).values()

    assert sum(total("case", c) for c in children) == active(flows, org)


@given(FLOWS, st.sampled_from([PROVINCE, CITY]))
def test_counties_add_up(flows: list[Flow], org: str) -> None:
    """Σ counties = province, Σ counties = city."""
    counties = dict(levels_of(flows).counties("case", org))

    assert sum(counties.values()) == active(flows, org)
    assert all(n == active(flows, code) for code, n in counties.items() if scope_of(code)[4:])


@given(FLOWS, st.sampled_from([PROVINCE, CITY, COUNTY, STATION]))
def test_the_trend_is_the_level_at_each_bucket_end(flows: list[Flow], org: str) -> None:
    """Each of the 144 values is the sum of all flows until then."""
    values = levels_of(flows).trend("case", org, NEWEST)

    ends = range(NEWEST - 143 * BUCKET_S, NEWEST + 1, BUCKET_S)
    assert values == [active(flows, org, end) for end in ends]


def test_the_own_unit_is_a_child_under_the_parents_code() -> None:
    """A thing of the county itself, not of a station, stands under the county's code."""
    levels = levels_of([Flow("case", COUNTY, "open", NEWEST, 1)])

    assert levels.children("case", COUNTY) == {COUNTY: {"open": 1}}
    assert levels.children("case", CITY) == {COUNTY: {"open": 1}}


def test_a_county_has_no_counties() -> None:
    """Counties are listed for provinces and cities."""
    levels = levels_of([Flow("case", STATION, "open", NEWEST, 1)])

    assert dict(levels.counties("case", COUNTY)) == {}
    assert dict(levels.counties("case", CITY)) == {COUNTY: 1}


def test_touched_names_every_level_above_once() -> None:
    """A flow touches its station, county, city and province, and is told once."""
    levels = levels_of([Flow("case", STATION, "open", NEWEST, 1)])

    assert levels.touched() == {("case", o) for o in (PROVINCE, CITY, COUNTY, STATION)}
    assert levels.touched() == set()


def test_final_statuses_are_shown_but_not_counted() -> None:
    """A closed case stands among the statuses and not in the total."""
    levels = levels_of([Flow("case", STATION, "closed", NEWEST, 1)])

    assert standing(levels.statuses("case", PROVINCE)) == {"closed": 1}
    assert total("case", levels.statuses("case", PROVINCE)) == 0


def test_forgetting_old_moves_changes_no_shown_value() -> None:
    """Moves older than a day may go; the trend of the day stays."""
    flows = [Flow("case", STATION, "open", NEWEST - n * BUCKET_S, 1) for n in range(300)]
    levels = levels_of(flows)
    before = levels.trend("case", STATION, NEWEST)

    levels.forget_before(NEWEST - 145 * BUCKET_S)

    assert levels.trend("case", STATION, NEWEST) == before


def test_differences_name_the_cell_and_both_numbers() -> None:
    """A cell that one side lacks counts as 0; equal cells are not named."""
    cell, other = Cell("case", STATION, "open"), Cell("case", STATION, "closed")

    assert differences({cell: 2, other: 0}, {cell: 1}) == [(cell, 2, 1)]
