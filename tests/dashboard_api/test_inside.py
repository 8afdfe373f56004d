"""Everybody in the area with their clocks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.backbone.identity import Identity
from services.backbone.log import Entry
from tests.dashboard_api.histories import NOON, START, STATION
from tests.dashboard_api.world import PROVINCE, World
from tests.support.records import Recorder

SUPERVISOR = Identity(PROVINCE, "supervisor", "t1")
OTHER = "350102500000"


def admitted(person: str, arrived: float, limit_h: float | None, **more: Any) -> dict[str, Any]:
    moment = (NOON + timedelta(minutes=arrived)).isoformat()
    limit = {} if limit_h is None else {"limit_h": limit_h}
    return {"person_no": person, "measure": "行传", "arrived_at": moment, **limit, **more}


def moved(person: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"person_no": person, "to_kind": kind, **more}


def measured(case_no: str, person: str, **more: Any) -> dict[str, Any]:
    return {"case_no": case_no, "measure": "行政传唤", "person_no": person, **more}


SOBER = {"start": NOON.isoformat(), "end": (NOON + timedelta(hours=3)).isoformat(),
         "reason": "醉酒约束"}  # fmt: skip
_TOLD: tuple[tuple[float, float, str, dict[str, Any], int | None], ...] = (
    # minutes after noon when it happened and when it was received, what, what it corrects
    (0, 1, "person.admitted", admitted("R1", 0, 8, case_no="A1"), None),
    (0, 2, "person.admitted", admitted("R2", -600, 8, org=OTHER), None),
    (0, 3, "person.admitted", admitted("R3", 0, None), None),
    (0, 4, "person.admitted", admitted("R4", 0, 24), None),
    (5, 6, "case.measured", measured("A1", "R1", excluded_intervals=[SOBER]), None),
    (10, 11, "person.moved", moved("R1", "outside"), None),
    (40, 41, "person.moved", moved("R1", "waiting"), None),
    (30, 50, "person.moved", moved("R4", "waiting"), None),
    (20, 55, "person.moved", moved("R4", "outside"), None),
    (60, 61, "person.moved", moved("R2", "outside", org=OTHER), None),
    (61, 70, "person.moved", moved("R2", "waiting", org=OTHER), 9),
    (80, 81, "person.admitted", admitted("R5", 70, 8), None),
    (90, 91, "person.released", {"person_no": "R5"}, None),
    (95, 96, "case.measured", measured("A1", "R1"), 4),
)


def entries() -> list[Entry]:
    recorder = Recorder()
    return [
        recorder.record(
            type_,
            {"org": STATION, **data},
            id_=f"f{n}",
            sender="350000000000",
            occurred_at=NOON + timedelta(minutes=happened),
            received_at=NOON + timedelta(minutes=received),
            corrects=None if corrects is None else f"f{corrects}",
        )
        for n, (happened, received, type_, data, corrects) in enumerate(_TOLD)
    ]


@pytest.fixture
def area(world: World) -> World:
    """Four people inside, one gone; late and corrected facts among theirs."""
    world.take(entries())
    return world


async def clocks(world: World, minutes: float | None, **more: Any) -> list[dict[str, Any]]:
    as_of = None if minutes is None else NOON + timedelta(minutes=minutes)
    return await world.inside.clocks(
        more.get("org", PROVINCE), as_of=as_of, known=world.watermark, limit=more.get("limit", 50)
    )


async def test_who_has_the_least_time_left_comes_first(area: World) -> None:
    """Over time first of all, whose limit nobody stated last; who left is not there."""
    people = await clocks(area, None)

    assert [person["person_no"] for person in people] == ["R2", "R1", "R4", "R3"]
    left = [person["clocks"]["legal"]["left_s"] for person in people]
    assert left[0] < 0 < left[1]
    assert left[3] is None


@pytest.mark.parametrize("minutes", [2, 8, 30, 45, 52, 56, 65, 75, 85, 94, 96, None])
async def test_the_list_says_what_the_page_of_each_says(area: World, minutes: float | None) -> None:
    """At any moment, late and corrected facts included."""
    people = await clocks(area, minutes)
    moment = area.watermark if minutes is None else NOON + timedelta(minutes=minutes)

    assert people
    for person in people:
        page = await area.drilldown.thing(SUPERVISOR, ("person", person["person_no"]), moment)
        assert page is not None
        assert person == {
            "person_no": page["id"],
            "org": page["org"],
            "status": page["status"],
            "case_no": page["state"].get("case_no"),
            "clocks": page["clocks"],
        }


async def test_what_was_known_then_counted_then(area: World) -> None:
    """The sobering-up that was taken back at 13:36 put the end off until then."""
    before, after = await clocks(area, 94), await clocks(area, 96)

    def excluded(people: list[dict[str, Any]]) -> int:
        (legal,) = (p["clocks"]["legal"] for p in people if p["person_no"] == "R1")
        return len(legal["excluded"])

    assert (excluded(before), excluded(after)) == (1, 0)


async def test_a_scope_sees_its_own_people(area: World) -> None:
    """The neighbour's person is not in the list, and a limit cuts it."""
    own = await clocks(area, None, org="350203000000")

    assert [person["person_no"] for person in own] == ["R1", "R4", "R3"]
    assert await clocks(area, None, limit=1) == (await clocks(area, None))[:1]


async def test_before_anybody_came_nobody_is_inside(area: World) -> None:
    """An empty list, no error."""
    assert await area.inside.clocks(
        PROVINCE, as_of=START - timedelta(days=9), known=area.watermark, limit=50
    ) == []  # fmt: skip
