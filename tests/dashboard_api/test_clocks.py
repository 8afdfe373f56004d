"""The two clocks of a person: what runs, what does not count, and what is not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.facts.cases import Extension, Interval
from schemas.limits import load
from services.dashboard_api import clocks
from services.dashboard_api.clocks import Clocks, Measured, Stay

CLOCKS = Clocks(load(), ZoneInfo("Asia/Shanghai"))
ARRIVED = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTES = st.integers(0, 60 * 40)


def stay(
    *,
    steps: list[tuple[float, str]] | None = None,
    measured: list[Measured] | None = None,
    **fields: Any,
) -> Stay:
    """A stay by administrative summons of 8 hours; ``steps`` in hours after the arrival."""
    told = {
        "measure": "行传",
        "arrived_at": ARRIVED.isoformat(),
        "admitted_at": (ARRIVED + HOUR / 2).isoformat(),
        "limit_h": 8.0,
        **fields,
    }
    return Stay(
        {name: value for name, value in told.items() if value is not None},
        [(ARRIVED + hours * HOUR, status) for hours, status in steps or []],
        measured or [],
    )


def legal(of: Stay, hours: float) -> dict[str, Any]:
    """The legal clock so many hours after the arrival."""
    told: dict[str, Any] = CLOCKS.read(of, ARRIVED + hours * HOUR)["legal"]
    return told


def sober(start: float, end: float | None, reason: str = "醉酒约束") -> Measured:
    """A measure with one interval, in hours after the arrival."""
    interval = Interval(
        start=ARRIVED + start * HOUR,
        end=None if end is None else ARRIVED + end * HOUR,
        reason=reason,
    )
    return Measured("行政传唤", ARRIVED, (), (interval,))


def test_the_legal_clock_runs_from_arrival_not_from_admission() -> None:
    """到案 begins it; what is left is counted from there."""
    told = legal(stay(), 3)

    assert (told["measure"], told["started_at"]) == ("询问查证", ARRIVED)
    assert (told["limit_s"], told["used_s"], told["left_s"]) == (8 * 3600, 3 * 3600, 5 * 3600)
    assert told["due_at"] == ARRIVED + 8 * HOUR
    assert "第九十七条" in told["basis"]
    assert told["unknown"] is None


def test_over_time_is_negative() -> None:
    """Nine hours of eight."""
    assert legal(stay(), 9)["left_s"] == -3600


@pytest.mark.parametrize(
    ("day", "hours", "unknown"),
    [
        (datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai")), 12.0, None),
        (datetime(2025, 12, 31, 23, tzinfo=ZoneInfo("Asia/Shanghai")), 12.0, "limit_not_in_law"),
        (datetime(2025, 12, 31, 23, tzinfo=ZoneInfo("Asia/Shanghai")), 24.0, None),
        (datetime(1990, 1, 1, tzinfo=UTC), 8.0, "no_text_in_force"),
    ],
)
def test_the_law_of_the_day_of_arrival_holds(
    day: datetime, hours: float, unknown: str | None
) -> None:
    """The third step of 12 hours came on 2026-01-01, by the day of the place."""
    told = CLOCKS.read(stay(arrived_at=day.isoformat(), limit_h=hours), day + HOUR)["legal"]

    assert told["unknown"] == unknown
    assert (told["limit_s"] is None) == (unknown is not None)


def test_sobering_up_does_not_count() -> None:
    """行规58: three hours until sober put the end off by three hours."""
    told = legal(stay(measured=[sober(0, 3)]), 5)

    assert (told["used_s"], told["left_s"]) == (2 * 3600, 6 * 3600)
    assert told["due_at"] == ARRIVED + 11 * HOUR
    assert [(e["to"], "第五十八条" in e["basis"]) for e in told["excluded"]] == [
        (ARRIVED + 3 * HOUR, True)
    ]


def test_time_that_no_law_excludes_counts() -> None:
    """An interval with a reason of its own is shown without a basis, and runs."""
    told = legal(stay(measured=[sober(0, 3, "等候律师")]), 5)

    assert (told["used_s"], told["due_at"]) == (5 * 3600, ARRIVED + 8 * HOUR)
    assert [e["basis"] for e in told["excluded"]] == [None]


def test_while_an_interval_is_open_nobody_knows_the_end() -> None:
    """The clock stands and says why nothing is due."""
    told = legal(stay(measured=[sober(1, None)]), 6)

    assert (told["used_s"], told["left_s"], told["due_at"]) == (3600, 7 * 3600, None)
    assert told["unknown"] == clocks.EXCLUDED_OPEN


def test_an_extension_moves_the_end_as_far_as_the_law_goes() -> None:
    """12 to 24 hours of continued questioning; 60 hours is more than anyone may grant."""
    for until, limit_h in ((24, 24), (60, 48)):
        granted = Measured(
            "继续盘问", ARRIVED, (Extension(until=ARRIVED + until * HOUR, approver="001"),), ()
        )
        told = legal(stay(measure="继续盘问", limit_h=12.0, measured=[granted]), 1)

        assert told["limit_s"] == limit_h * 3600
        assert told["extended"] == [
            {"until": ARRIVED + until * HOUR, "basis": None, "approver": "***"}
        ]


@pytest.mark.parametrize(
    "group", [{"special_groups": ["孕期"]}, {"age_band": "<14"}, {"age_band": "70+"}]
)
def test_special_groups_have_four_hours_whatever_was_stated(group: dict[str, Any]) -> None:
    """盘规10; an extension changes nothing."""
    granted = Measured("继续盘问", ARRIVED, (Extension(until=ARRIVED + 24 * HOUR),), ())

    told = legal(stay(measure="继续盘问", limit_h=12.0, measured=[granted], **group), 1)

    assert told["limit_s"] == 4 * 3600
    assert told["basis"].endswith("第十条")


@pytest.mark.parametrize(
    ("fields", "unknown"),
    [
        ({"measure": None}, clocks.NO_MEASURE),
        ({"measure": "其他"}, clocks.OTHER_MEASURE),
        ({"arrived_at": None}, clocks.NOBODY_SAID),
        ({"limit_h": None}, clocks.NO_LIMIT),
        ({"limit_h": 10.0}, clocks.OTHER_LIMIT),
    ],
)
def test_what_the_facts_do_not_say_is_null_and_says_why(
    fields: dict[str, Any], unknown: str
) -> None:
    """Never a guess."""
    told = legal(stay(**fields), 3)

    assert (told["limit_s"], told["left_s"], told["due_at"]) == (None, None, None)
    assert told["unknown"] == unknown


def test_where_nobody_stated_the_arrival_the_measure_tells_it() -> None:
    """The beginning of the summons is that of the clock."""
    told = legal(stay(arrived_at=None, measured=[Measured("行政传唤", ARRIVED, (), ())]), 2)

    assert (told["started_at"], told["used_s"]) == (ARRIVED, 2 * 3600)


def test_leaving_or_another_measure_ends_the_clock() -> None:
    """What was used stays what it was."""
    gone = legal(stay(left_at=(ARRIVED + 5 * HOUR).isoformat()), 30)
    detained = legal(stay(measured=[Measured("行政拘留", ARRIVED + 6 * HOUR, (), ())]), 30)

    assert (gone["ended_at"], gone["used_s"]) == (ARRIVED + 5 * HOUR, 5 * 3600)
    assert (detained["ended_at"], detained["used_s"]) == (ARRIVED + 6 * HOUR, 6 * 3600)


def test_the_area_counts_from_admission_without_the_time_out() -> None:
    """Admitted at half past, out for two hours, seven hours after the arrival."""
    told = CLOCKS.read(
        stay(steps=[(0, "arrived"), (0.5, "admitted"), (2, "out"), (4, "waiting")]),
        ARRIVED + 7 * HOUR,
    )["in_area"]

    assert told == {
        "entered_at": ARRIVED + HOUR / 2,
        "left_at": None,
        "used_s": 4.5 * 3600,
        "out": [{"from": ARRIVED + 2 * HOUR, "to": ARRIVED + 4 * HOUR}],
    }


def test_who_is_out_stays_out() -> None:
    """An outing without return lasts until now."""
    told = CLOCKS.read(stay(steps=[(2, "out")]), ARRIVED + 5 * HOUR)["in_area"]

    assert (told["used_s"], told["out"]) == (
        1.5 * 3600, [{"from": ARRIVED + 2 * HOUR, "to": None}]
    )  # fmt: skip


@given(start=MINUTES, length=MINUTES, other=MINUTES, more=MINUTES, now=MINUTES)
def test_what_is_used_never_runs_backwards_and_meets_the_end(
    start: int, length: int, other: int, more: int, now: int
) -> None:
    """Whatever intervals overlap: used grows, used + left is the limit, and left is 0 when due."""
    intervals = tuple(
        Interval(
            start=ARRIVED + timedelta(minutes=a),
            end=ARRIVED + timedelta(minutes=a + b),
            reason="醉酒约束",
        )
        for a, b in ((start, length), (other, more))
    )
    of = stay(measured=[Measured("行政传唤", ARRIVED, (), intervals)])
    earlier, later = legal(of, now / 60), legal(of, (now + 1) / 60)

    assert 0 <= later["used_s"] - earlier["used_s"] <= 60
    assert earlier["used_s"] + earlier["left_s"] == earlier["limit_s"]
    due = CLOCKS.read(of, earlier["due_at"])["legal"]
    assert due["left_s"] == 0
    before = CLOCKS.read(of, earlier["due_at"] - timedelta(seconds=1))["legal"]
    assert before["left_s"] == 1
