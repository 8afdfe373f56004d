"""The rooms of a case's story: foreseen by links, named by the facts of its persons."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.backbone.log import Entry
from services.dashboard_api import reach, timeline
from tests.dashboard_api.histories import COUNTY, NOON, START, STATION, one_case
from tests.dashboard_api.stories import EXAMPLES, SUPERVISOR, spans, story
from tests.dashboard_api.world import World
from tests.support.records import Recorder


async def test_rooms_are_told_while_the_person_was_there(world: World) -> None:
    """The room's state before is known; what happened after the stay is left out."""
    world.take(one_case())

    found = await story(world, "occurred")

    assert spans(found, "P1") == [("idle", 12, 21), ("occupied", 21, None)]
    assert [e["occurred_at"] for e in found["events"] if e["element"] == "place"] == [
        NOON + timedelta(minutes=21)
    ]


@pytest.mark.parametrize(
    ("hours_before", "expected"),
    [((1, 2), "occupied"), ((1, 30), "occupied"), ((30, 40), "occupied"), ((), None)],
    ids=["that day", "that day and before", "long ago", "never"],
)
async def test_a_room_has_the_status_that_its_last_fact_before_the_stay_brought(
    world: World, hours_before: tuple[int, ...], expected: str | None
) -> None:
    """However long ago that was, and whatever was entered late about the time before."""
    recorder = Recorder()
    numbers = itertools.count()

    def entry(hours: int, type_: str, data: dict[str, Any]) -> Entry:
        n = next(numbers)
        return recorder.record(
            type_, data | {"org": STATION}, id_=f"f{n}", sender=COUNTY,
            occurred_at=NOON + timedelta(hours=hours),
            received_at=NOON + timedelta(hours=2, minutes=n),
        )  # fmt: skip

    rooms = [
        entry(-hours, "room.status_changed", {"room_id": "P1", "occupancy": occupancy})
        for hours, occupancy in zip(hours_before, (1, 0), strict=False)
    ]
    world.take(
        [
            *rooms,
            entry(0, "case.accepted", {"case_no": "A1", "decision": "open"}),
            entry(0, "person.admitted", {"person_no": "R1", "case_no": "A1"}),
            entry(1, "person.moved", {"person_no": "R1", "to_kind": "interview", "to_room": "P1"}),
        ]
    )

    found = await story(world, "occurred")

    assert spans(found, "P1") == ([(expected, 0, None)] if expected else [])


async def test_a_room_that_was_not_recorded_is_a_gap_of_its_case(world: World) -> None:
    """Told after the person had left, for the time in which the person was there."""
    recorder = Recorder()
    told: tuple[tuple[float, str, dict[str, Any]], ...] = (
        (0, "case.accepted", {"case_no": "A1", "decision": "open"}),
        (5, "person.admitted", {"person_no": "R1", "case_no": "A1"}),
        (10, "person.moved", {"person_no": "R1", "to_kind": "interview", "to_room": "P1"}),
        (60, "person.released", {"person_no": "R1"}),
        (80, "recording.status_changed",
         {"room_id": "P1", "channel": "1", "state": "recording",
          "gap_from": (NOON + timedelta(minutes=55)).isoformat(),
          "gap_to": (NOON + timedelta(minutes=75)).isoformat()}),
    )  # fmt: skip
    world.take(
        [
            recorder.record(
                type_, data | {"org": STATION}, id_=f"f{n}", sender=COUNTY,
                occurred_at=NOON + timedelta(minutes=minute),
                received_at=NOON + timedelta(minutes=minute),
            )
            for n, (minute, type_, data) in enumerate(told)
        ]
    )  # fmt: skip

    found = await story(world, "occurred")

    (room,) = (thing for thing in found["things"] if thing["element"] == "place")
    assert room["gaps"] == [
        {
            "kind": "unrecorded",
            "from": NOON + timedelta(minutes=55),
            "to": NOON + timedelta(minutes=60),
            "channel": "1",
            "person_no": "R1",
        }
    ]
    assert "recording.status_changed" not in {event["type"] for event in found["events"]}


async def test_a_story_takes_three_questions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links; then facts, and beside them what happened in the rooms."""
    world.take(one_case())
    asked: list[int] = []
    answered: list[str] = []
    rows = world.readers.rows

    async def counted(query: str, parameters: Any) -> Any:
        asked.append(len(asked) - len(answered))
        found = await rows(query, parameters)
        answered.append(query)
        return found

    monkeypatch.setattr(world.readers, "rows", counted)
    await story(world, "occurred")

    assert asked == [0, 0, 1]


async def test_a_person_who_was_in_a_room_before_the_case_was_known_is_told_there(
    world: World,
) -> None:
    """No link foretells the room; the person's facts name it all the same."""
    recorder = Recorder()
    told: tuple[tuple[str, dict[str, Any]], ...] = (
        ("case.accepted", {"case_no": "A1", "decision": "open"}),
        ("person.moved", {"person_no": "R1", "to_kind": "interview", "to_room": "P1"}),
        ("room.status_changed", {"room_id": "P1", "occupancy": 1}),
        ("person.admitted", {"person_no": "R1", "case_no": "A1"}),
    )
    world.take(
        [
            recorder.record(
                type_, data | {"org": STATION}, id_=f"f{n}", sender=COUNTY,
                occurred_at=NOON + timedelta(minutes=n), received_at=NOON + timedelta(minutes=n),
            )
            for n, (type_, data) in enumerate(told)
        ]
    )  # fmt: skip

    assert spans(await story(world, "occurred"), "P1") == [("occupied", 2, None)]


@EXAMPLES
@given(
    seconds=st.integers(-3600, 62 * 3600),
    number=st.integers(0, 8),
    axis=st.sampled_from(["occurred", "received"]),
    hours=st.integers(-40, 40),
)
async def test_what_is_foreseen_changes_no_story(
    history: World, seconds: int, number: int, axis: Any, hours: int
) -> None:
    """Whether rooms are read beside, too short, for nothing or not at all."""

    async def told(foresee: Any) -> Any:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(timeline, "expected", foresee)
            return await history.timelines.timeline(
                SUPERVISOR, f"A{number}", axis=axis,
                as_of=START + timedelta(seconds=seconds), known=history.watermark,
            )  # fmt: skip

    def wrongly(linked: Any, as_of: datetime) -> Any:
        stay = reach.expected(linked, as_of)
        shift = timedelta(hours=hours)
        return stay and stay._replace(since=stay.since + shift, until=stay.until + 2 * shift)

    assert await told(reach.expected) == await told(lambda *_: None) == await told(wrongly)
