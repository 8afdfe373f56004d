"""The custody chain of an item."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.limits import load
from services.dashboard_api.custody import custody_of
from services.dashboard_api.facts import Fact, by_thing, speaking
from tests.dashboard_api.facts import Told, at, facts_in, facts_told
from tests.dashboard_api.histories import NOON
from tests.dashboard_api.test_stays import minutes
from tests.support.histories import histories

LIMITS, ZONE = load(), ZoneInfo("Asia/Shanghai")
DAY = 24 * 60
LATER = 30 * DAY


def moved(minute: float, action: str, **more: Any) -> Told:
    return (minute, "property.moved", {"item_no": "W1", "action": action, **more})


LIFE: tuple[Told, ...] = (
    (10, "property.seized", {"item_no": "W1", "seized_at": at(0), "name": "现金", "quantity": 800.0,
                             "unit": "元", "place": "示范路", "owner": "某某", "approver": "001"}),
    (200, "property.stored", {"item_no": "W1", "custodian": "002", "store": "一号库",
                              "slot": "3-4"}),
    moved(2 * DAY, "lend", due_back=at(5 * DAY), approver="003"),
    moved(6 * DAY, "return", condition="完好"),
    moved(8 * DAY, "count", count_result="match"),
    moved(9 * DAY, "count", count_result="mismatch"),
    moved(10 * DAY, "return"),
    (20 * DAY, "property.disposed", {"item_no": "W1", "action": "返还", "receiver": "某某"}),
)  # fmt: skip


def custody(*told: Told, until: float = LATER) -> list[dict[str, Any]]:
    return chain(facts_told(*told), until)


def chain(facts: list[Fact], until: float) -> list[dict[str, Any]]:
    return custody_of(facts, NOON + timedelta(minutes=until), LIMITS, ZONE)


def test_who_holds_an_item_from_when_to_when() -> None:
    """From the taking to the giving back, where it lay, and by whose word."""
    told = [
        (e["kind"], e["holder"], minutes(e["from"]), minutes(e["to"]), e["where"], e["what"])
        for e in custody(*LIFE)
    ]

    assert told == [
        ("seized", "handler", 0, 200, "示范路", "现金、800元"),
        ("gap", None, 0, 200, None, "not_in_custody"),
        ("stored", "custodian", 200, 2 * DAY, "一号库、3-4", None),
        ("lent", "borrower", 2 * DAY, 6 * DAY, None, None),
        ("returned", "custodian", 6 * DAY, 10 * DAY, "一号库、3-4", "完好"),
        ("counted", None, 8 * DAY, 8 * DAY, None, "match"),
        ("counted", None, 9 * DAY, 9 * DAY, None, "mismatch"),
        ("returned", "custodian", 10 * DAY, 20 * DAY, "一号库、3-4", None),
        ("disposed", "receiver", 20 * DAY, None, None, "返还"),
    ]


def test_a_loan_over_its_day_and_a_count_that_does_not_match_are_marked() -> None:
    """A day too late; one of two counts."""
    told = custody(*LIFE)

    assert [e["over_s"] for e in told if e["kind"] == "lent"] == [86_400]
    assert [e["mismatch"] for e in told if e["kind"] == "counted"] == [False, True]


def test_a_loan_that_is_not_back_is_measured_until_now() -> None:
    """In time before its day, over it after."""
    for until, over_s in ((4 * DAY, None), (6 * DAY, 86_400)):
        (lent,) = (e for e in custody(*LIFE[:3], until=until) if e["kind"] == "lent")

        assert (lent["to"], lent["over_s"]) == (None, over_s)


def test_a_handover_has_its_limit_by_the_law_of_the_day() -> None:
    """行规190: 24 hours from the taking; before that text nothing is known."""
    late = LIFE[0], (30 * 60.0, "property.stored", {"item_no": "W1"})
    (gap,) = (e for e in custody(*late) if e["kind"] == "gap")
    (open_,) = (e for e in custody(LIFE[0], until=25 * 60) if e["kind"] == "gap")
    old: Told = (10, "property.seized", {"item_no": "W1", "seized_at": "2001-01-01T00:00:00Z"})
    (before,) = (e for e in custody(old) if e["kind"] == "gap")

    assert (gap["limit_s"], gap["over_s"]) == (24 * 3600, 6 * 3600)
    assert "第一百九十条" in gap["basis"]
    assert (open_["to"], open_["over_s"]) == (None, 3600)
    assert (before["limit_s"], before["over_s"], before["basis"]) == (None, None, None)


def test_nobody_is_named() -> None:
    """Owner, receiver and officers stay inside."""
    told = custody(*LIFE)

    assert not any(word in str(told) for word in ("某某", "001", "002", "003"))
    assert [len(e["by"]) for e in told if e["kind"] in ("seized", "stored", "lent")] == [1, 1, 1]


@settings(max_examples=60, deadline=None)
@given(histories(30), st.integers(0, 30))
def test_every_fact_that_speaks_is_told_once(entries: list[Any], known: int) -> None:
    """Whatever the history, nothing of an item is left out or told twice."""
    for key, facts in by_thing(facts_in(entries[: known + 1])):
        if key[0] == "property":
            told = chain(facts, LATER)

            assert sorted(id_ for entry in told for id_ in entry["events"]) == sorted(
                fact.id for fact, _ in speaking(facts)
            )
