"""A person's stay as a chain."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.dashboard_api.facts import Fact, by_thing, speaking
from services.dashboard_api.stays import chain_of, presences
from tests.dashboard_api.facts import at, facts_in, facts_told
from tests.dashboard_api.histories import NOON
from tests.support.histories import histories

STAY = (
    (0, "person.admitted", {"person_no": "R1", "arrived_at": at(-8), "admitted_at": at(-1),
                            "arrival_mode": "行传", "handler": "007"}),
    (5, "person.searched", {"person_no": "R1", "start": at(2), "end": at(5),
                            "injuries": ["左臂擦伤"], "witness": "008"}),
    (12, "person.moved", {"person_no": "R1", "to_kind": "waiting", "to_room": "P1",
                          "escort": "009"}),
    (20, "person.rights_given", {"person_no": "R1", "right_code": "家属通知", "to_whom": "某某"}),
    (30, "person.checked", {"person_no": "R1", "state": "正常", "checker": "010", "food": True,
                            "next_due": at(60)}),
    (40, "person.moved", {"person_no": "R1", "to_kind": "interview", "to_room": "P2"}),
    (42, "person.interviewed", {"person_no": "R1", "kind": "question", "start": at(42),
                                "room_id": "P2", "officers": ["011", "012"]}),
    (70, "person.interviewed", {"person_no": "R1", "kind": "question", "start": at(42),
                                "end": at(70)}),
    (90, "person.released", {"person_no": "R1", "left_at": at(88), "destination": "释放"}),
)  # fmt: skip


def minutes(moment: Any) -> float | None:
    """So many after noon."""
    return None if moment is None else (moment - NOON).total_seconds() / 60


def told(facts: list[Fact]) -> list[tuple[Any, ...]]:
    """The chain in short."""
    return [
        (e["kind"], minutes(e["from"]), minutes(e["to"]), e["room"], e["what"], len(e["by"]))
        for e in chain_of(facts)
    ]


def test_a_stay_is_told_in_order() -> None:
    """From when to when, in which room, what, and by how many."""
    assert told(facts_told(*STAY)) == [
        ("admission", -1, -1, None, "行传", 1),
        ("search", 2, 5, None, "左臂擦伤", 1),
        ("room", 12, 40, "P1", "waiting", 1),
        ("rights", 20, 20, "P1", "家属通知", 0),
        ("check", 30, 30, "P1", "正常、饮食", 1),
        ("room", 40, 88, "P2", "interview", 0),
        ("interview", 42, 70, "P2", "question", 2),
        ("release", 88, 88, None, "释放", 0),
    ]


def test_nobody_is_named() -> None:
    """Neither the person nor the officers."""
    chain = chain_of(facts_told(*STAY))

    assert {mask for entry in chain for mask in entry["by"]} == {"***"}
    assert not any(word in str(chain) for word in ("某某", "007", "008", "009", "010", "011"))


def test_what_was_corrected_is_not_told() -> None:
    """The room that was entered by mistake is gone, the one that replaced it stands."""
    facts = facts_told(
        (0, "person.moved", {"person_no": "R1", "to_kind": "waiting", "to_room": "P9"}),
        (1, "person.moved", {"person_no": "R1", "to_kind": "waiting", "to_room": "P1"}),
        corrects={1: 0},
    )

    assert [(entry["room"], entry["events"]) for entry in chain_of(facts)] == [("P1", ["f1"])]


def test_rooms_and_interviews_say_where_somebody_was() -> None:
    """A room holds until the next; outside is no room."""
    facts = facts_told(
        *STAY[:6],
        (50, "person.moved", {"person_no": "R1", "to_kind": "outside"}),
        (60, "person.moved", {"person_no": "R1", "to_kind": "waiting", "to_room": "P1"}),
    )

    assert [
        (one.room, minutes(one.since), minutes(one.until))
        for one in presences("R1", chain_of(facts))
    ] == [("P1", 12, 40), ("P2", 40, 50), ("P1", 60, None)]


@settings(max_examples=60, deadline=None)
@given(histories(30), st.integers(0, 30))
def test_every_fact_that_speaks_is_told_once(entries: list[Any], known: int) -> None:
    """Whatever the history, no fact of a stay is left out and none is told twice."""
    for key, facts in by_thing(facts_in(entries[: known + 1])):
        if key[0] == "person":
            ids = sorted(fact.id for fact, _ in speaking(facts))

            chain = chain_of(facts)

            assert sorted(id_ for entry in chain for id_ in entry["events"]) == ids
            begins = [entry["from"] for entry in chain]
            assert begins == sorted(begins)
