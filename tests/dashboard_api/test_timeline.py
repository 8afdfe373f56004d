"""The story of a case, as it was and as it was known."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.elements import ELEMENTS
from services.backbone.identity import Identity
from services.backbone.log import Entry
from tests.dashboard_api.histories import COUNTY, NOON, START, STATION, one_case
from tests.dashboard_api.stories import EXAMPLES, SUPERVISOR, spans, story
from tests.dashboard_api.world import World
from tests.support.records import Recorder


@pytest.fixture
def case(world: World) -> World:
    """One case from the call to the dossier, and another beside it."""
    world.take(one_case())
    return world


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


async def test_each_event_tells_its_hash_and_who_confirms_it(case: World) -> None:
    """The stored bytes' own hash; the room's fact is confirmed by one that is not told."""
    found = await story(case, "occurred")

    stored = {e.position: b"{" + e.body.split(b",", 2)[2] for e in case.entries}
    for event in found["events"]:
        assert event["hash"] == sha256(stored[event["position"]]).hexdigest()
    newest = {e["subject"]: e["version"] for e in sorted(found["events"], key=_version)}
    for event in found["events"]:
        is_newest = event["version"] == newest[event["subject"]] and event["subject"] != "P1"
        assert event["chain"] == ("newest" if is_newest else "checked")


def _version(event: dict[str, Any]) -> int:
    version: int = event["version"]
    return version


async def test_late_entry_is_told_apart_from_late_arrival(case: World) -> None:
    """From the deed to the typing, and from the deed to us."""
    found = await story(case, "occurred")

    (late,) = (e for e in found["events"] if e["late"])
    assert (late["late_s"], late["delay_s"]) == (26 * 60, 26 * 60)
    assert all(e["late_s"] == (e["recorded_at"] - e["occurred_at"]).total_seconds()
               for e in found["events"])  # fmt: skip


def corrected(minutes_: float) -> list[Entry]:
    """A case that was accepted by mistake at ten, by a correction of minute fifty opened later."""
    recorder = Recorder()
    told: tuple[tuple[float, float, dict[str, Any], str | None], ...] = (
        (10, 11, {"case_no": "A1", "decision": "decline"}, None),
        (minutes_, 50, {"case_no": "A1", "decision": "open"}, "f0"),
    )
    return [
        recorder.record(
            "case.accepted", data | {"org": STATION}, id_=f"f{n}", sender=COUNTY,
            occurred_at=NOON + timedelta(minutes=happened),
            received_at=NOON + timedelta(minutes=received), corrects=corrects,
        )
        for n, (happened, received, data, corrects) in enumerate(told)
    ]  # fmt: skip


async def test_a_correction_names_and_is_named(world: World) -> None:
    """Both events stand; the corrected one speaks no more, at no moment of the world."""
    world.take(corrected(40))

    was, known = await story(world, "occurred", 30), await story(world, "received", 30)
    whole = await story(world, "occurred")

    assert [(e["corrects"], e["corrected_by"]) for e in whole["events"]] == [
        (None, "f1"), ("f0", None)
    ]  # fmt: skip
    assert spans(was, "A1") == []
    assert spans(known, "A1") == [("declined", 11, None)]
    assert spans(whole, "A1") == [("open", 40, None)]


async def test_measures_documents_gaps_and_overlaps_are_told(case: World) -> None:
    """A case without any says so; each thing has room for its seams."""
    found = await story(case, "occurred")

    assert (found["measures"], found["documents"]) == ([], [])
    assert [(thing["gaps"], thing["overlaps"]) for thing in found["things"]] == [([], [])] * 6


@EXAMPLES
@given(
    seconds=st.integers(-3600, 62 * 3600),
    number=st.integers(0, 8),
    axis=st.sampled_from(["occurred", "received"]),
)
async def test_the_state_at_a_moment_is_what_the_spans_say(
    history: World, seconds: int, number: int, axis: Any
) -> None:
    """At any moment, on either axis: of the six elements just the things whose span holds it."""
    moment = START + timedelta(seconds=seconds)

    async def asked(ask: Any, as_of: datetime) -> Any:
        return await ask(SUPERVISOR, f"A{number}", axis=axis, as_of=as_of, known=history.watermark)

    state = await asked(history.timelines.state, moment)
    until = await asked(history.timelines.timeline, moment)
    whole = await asked(history.timelines.timeline, history.watermark)

    if state is None:
        assert until is None
        return
    assert flat(state) == {
        (thing["element"], thing["id"], span["status"], span["from"])
        for thing in until["things"]
        for span in thing["spans"]
        if span["to"] is None
    }
    assert {one for one in flat(state) if one[0] != "place"} >= {
        (thing["element"], thing["id"], span["status"], span["from"])
        for thing in whole["things"]
        for span in thing["spans"]
        if thing["element"] in ("case", "person")
        and span["from"] <= moment
        and (span["to"] is None or moment < span["to"])
        and thing["id"] in {one["id"] for one in until["things"]}
    }


def flat(state: dict[str, Any]) -> set[tuple[Any, ...]]:
    """Everything that a state tells."""
    assert list(state["elements"]) == list(ELEMENTS)
    return {
        (element, thing["id"], thing["status"], thing["since"])
        for element, things in state["elements"].items()
        for thing in things
    }


async def test_the_state_of_a_strangers_case_is_not_told(case: World) -> None:
    """No more than its timeline."""
    neighbour = Identity("350206000000", "legal", "t2")

    assert (
        await case.timelines.state(
            neighbour, "A1", axis="occurred", as_of=case.watermark, known=case.watermark
        )
        is None
    )
