"""Measures and documents of a case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.dashboard_api.within_case import documents_of, measures_of
from tests.dashboard_api.facts import Told, at, facts_told
from tests.dashboard_api.histories import NOON
from tests.dashboard_api.test_stays import minutes


def measured(minute: float, measure: str, person: str = "R1", **more: Any) -> Told:
    data = {"case_no": "A1", "measure": measure, "person_no": person, "approver": "001", **more}
    return (minute, "case.measured", data)


def documented(minute: float, kind: str, no: str, **more: Any) -> Told:
    return (minute, "case.documented", {"case_no": "A1", "doc_type": kind, "no": no, **more})


@pytest.mark.parametrize(
    ("until", "state"), [(5, "to_come"), (30, "running"), (130, "expired"), (120, "expired")]
)
def test_a_measure_has_a_state_of_its_own(until: float, state: str) -> None:
    """By its beginning and its expiry."""
    facts = facts_told(measured(0, "刑事拘留", start=at(10), expiry=at(120)))

    (told,) = measures_of(facts, NOON + timedelta(minutes=until))

    assert told["state"] == state
    assert (minutes(told["from"]), minutes(told["to"]), told["approver"]) == (10, 120, "***")


def test_the_newest_word_on_a_measure_holds_for_its_person() -> None:
    """Extended for one, not for the other; without an expiry nobody knows the state."""
    facts = facts_told(
        measured(0, "刑事拘留", start=at(0), expiry=at(60)),
        measured(1, "刑事拘留", "R2", start=at(1)),
        measured(50, "刑事拘留", start=at(0), expiry=at(600),
                 extensions=[{"until": at(600), "approver": "002", "basis": "刑诉91"}]),
    )  # fmt: skip

    first, second = measures_of(facts, NOON + timedelta(minutes=100))

    assert (first["person_no"], first["state"], first["events"]) == ("R1", "running", ["f0", "f2"])
    assert [(one["basis"], one["approver"]) for one in first["extended"]] == [("刑诉91", "***")]
    assert (second["person_no"], second["to"], second["state"]) == ("R2", None, None)


def test_a_document_goes_its_way() -> None:
    """Returned once, approved then; another of the same kind stands beside it."""
    facts = facts_told(
        documented(0, "询问笔录", "1", submitted_at=at(-5), returned_reason="缺签名", state="退回"),
        documented(30, "询问笔录", "1", submitted_at=at(20), approved_at=at(30), reviewer="001"),
        documented(40, "询问笔录", "2"),
    )

    first, second = documents_of(facts)

    assert (minutes(first["from"]), minutes(first["to"]), first["state"]) == (-5, 30, "approved")
    assert [step["state"] for step in first["steps"]] == ["returned", "approved"]
    assert first["approver"] == "***"
    assert (second["no"], second["to"], second["state"]) == ("2", None, "submitted")
