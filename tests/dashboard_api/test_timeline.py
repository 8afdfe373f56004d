"""The story of a case, as it was and as it was known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.backbone.identity import Identity
from tests.dashboard_api.histories import NOON, one_case
from tests.dashboard_api.world import PROVINCE, World

SUPERVISOR = Identity(PROVINCE, "supervisor", "t1")


@pytest.fixture
def case(world: World) -> World:
    """One case from the call to the dossier, and another beside it."""
    world.take(one_case())
    return world


async def story(world: World, axis: Any, minutes: float = 1000, **more: Any) -> dict[str, Any]:
    found = await world.timelines.timeline(
        more.get("identity", SUPERVISOR),
        more.get("case_no", "A1"),
        axis=axis,
        as_of=min(NOON + timedelta(minutes=minutes), world.watermark),
        known=world.watermark,
    )
    assert found is not None
    return found


def spans(found: dict[str, Any], id_: str) -> list[tuple[str, float, float | None]]:
    """(status, from, to) of a thing in minutes after noon."""
    (thing,) = (one for one in found["things"] if one["id"] == id_)
    return [
        (
            span["status"],
            (span["from"] - NOON).total_seconds() / 60,
            span["to"] and (span["to"] - NOON).total_seconds() / 60,
        )
        for span in thing["spans"]
    ]


async def test_all_that_hangs_on_the_case_is_there_and_nothing_else(case: World) -> None:
    """Its incident, person, property, dossier, and the room that the person was in."""
    found = await story(case, "occurred")

    assert [(t["element"], t["id"]) for t in found["things"]] == [
        ("incident", "J1"), ("person", "R1"), ("property", "W1"), ("case", "A1"),
        ("place", "P1"), ("dossier", "D1"),
    ]  # fmt: skip


async def test_as_it_was_puts_a_late_fact_into_its_place(case: World) -> None:
    """The search that was entered late stands between admission and interview."""
    found = await story(case, "occurred")

    assert spans(found, "R1") == [
        ("admitted", 12, 14), ("searched", 14, 20), ("interviewing", 20, 55),
        ("released", 55, None),
    ]  # fmt: skip


async def test_as_known_shows_what_was_on_the_screen(case: World) -> None:
    """The late fact moved nothing when it came."""
    found = await story(case, "received")

    assert spans(found, "R1") == [
        ("admitted", 12.5, 21), ("interviewing", 21, 56), ("released", 56, None),
    ]  # fmt: skip


async def test_a_moment_cuts_both_axes(case: World) -> None:
    """Up to 12:30 by the clock of the world, and by what had been received."""
    was, known = await story(case, "occurred", 30), await story(case, "received", 30)

    assert spans(was, "R1")[-2:] == [("searched", 14, 20), ("interviewing", 20, None)]
    assert spans(known, "R1") == [("admitted", 12.5, 21), ("interviewing", 21, None)]
    assert "property" not in {thing["element"] for thing in known["things"]}
    assert max(e["received_at"] for e in known["events"]) <= NOON + timedelta(minutes=30)


async def test_rooms_are_told_while_the_person_was_there(case: World) -> None:
    """The room's state before is known; what happened after the stay is left out."""
    found = await story(case, "occurred")

    assert spans(found, "P1") == [("idle", 12, 21), ("occupied", 21, None)]
    assert [e["occurred_at"] for e in found["events"] if e["element"] == "place"] == [
        NOON + timedelta(minutes=21)
    ]


async def test_events_stand_in_the_order_of_the_axis(case: World) -> None:
    """Each with its three times; the late one is marked."""
    was, known = await story(case, "occurred"), await story(case, "received")

    for found, axis in ((was, "occurred_at"), (known, "received_at")):
        times = [event[axis] for event in found["events"]]
        assert times == sorted(times)
    (late,) = (e for e in was["events"] if e["late"])
    assert (late["type"], late["delay_s"]) == ("person.searched", 26 * 60)


async def test_what_identifies_a_person_is_masked(case: World) -> None:
    """Neither name nor number leaves the server."""
    found = await story(case, "occurred")

    admitted = next(e for e in found["events"] if e["type"] == "person.admitted")
    seized = next(e for e in found["events"] if e["type"] == "property.seized")
    assert admitted["data"]["name"] == admitted["data"]["id_number"] == "***"
    assert seized["data"]["owner"] == "***"
    assert "张三" not in str(found)


async def test_a_case_of_another_organisation_is_not_told(case: World) -> None:
    """A neighbour gets what it would get for a case that is not there."""
    neighbour = Identity("350206000000", "legal", "t2")

    for identity, case_no in ((neighbour, "A1"), (SUPERVISOR, "A9")):
        found = await case.timelines.timeline(
            identity, case_no, axis="occurred", as_of=case.watermark, known=case.watermark
        )
        assert found is None
