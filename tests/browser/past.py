"""A province with a past: facts that were received over some days, loaded as a backfill is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from schemas.elements import ELEMENTS
from tests.browser.conftest import Province
from tests.support.events import COUNTY, ELSEWHERE, PROVINCE, batch, event

DAYS = 3
CASE = "A3502035000002026110077"
PERSONS = tuple(f"R35020350000020261177{n:02d}" for n in range(9))
STATIONS = ("350203500000", "350203550000")
FAR_STATION = "350102500000"

Told = tuple[str, str, dict[str, Any], float, float]
"""Class, subject, data, hours before the end at which it happened, and was received."""


def _stay(person: str, station: str, since: float, *, case: str = "") -> list[Told]:
    """A person's stay of some hours; two facts come late."""
    here = {"org": station} | ({"case_no": case} if case else {})
    return [
        ("person.admitted", person, here, since, since - 0.01),
        ("person.searched", person, {}, since - 0.3, since - 0.32),
        (
            "person.moved",
            person,
            {"to_kind": "waiting", "to_room": "F1"},
            since - 0.5,
            since - 0.52,
        ),
        ("person.interviewed", person, {"kind": "question", "room_id": "F1"}, since - 1, since - 3),
        ("person.moved", person, {"to_kind": "waiting", "to_room": "F2"}, since - 2, since - 2.1),
        ("person.released", person, {"destination": "放"}, since - 6, since - 6.4),
    ]


def _history() -> list[tuple[Told, str]]:
    """Everything, with the organisation that sends it."""
    told: list[tuple[Told, str]] = []

    def near(*facts: Told) -> None:
        told.extend((fact, COUNTY) for fact in facts)

    case = {"case_no": CASE}
    near(
        ("incident.received", "J3502035000002026110077", {"category": "殴打他人"}, 50, 49.9),
        ("incident.dispatched", "J3502035000002026110077", {}, 49.8, 49.7),
        ("incident.disposed", "J3502035000002026110077", case, 49, 47),
        ("case.accepted", CASE, {"jq_no": "J3502035000002026110077", "decision": "accept",
                                 "case_reason": "殴打他人"}, 48.5, 48.4),
        ("property.seized", "W3502035000002026110077", case | {"name": "手机"}, 47, 46),
        ("property.stored", "W3502035000002026110077", {}, 40, 39.9),
        ("dossier.compiled", "D3502035000002026110077", case | {"missing": ["伤情鉴定"]}, 30, 29),
        ("room.status_changed", "F350203500000-07", {"occupancy": 1, "capacity": 3}, 46, 45.9),
        ("case.decided", CASE, {"decision": "拘留5日"}, 12, 11.9),
    )  # fmt: skip
    for n, person in enumerate(PERSONS):
        near(*_stay(person, STATIONS[n % 2], 48 - 5 * n, case=CASE if n < 2 else ""))
    # Somebody sends all the time: who is silent for a quarter of an hour is not believed.
    near(
        *(
            (
                "room.status_changed",
                "F350203500000-01",
                {"occupancy": 1, "capacity": 3},
                h,
                h - 0.01,
            )
            for h in (step / 6 for step in range(1, 6 * 52))
        )
    )
    for n in range(4):
        person = f"R35010250000020261188{n:02d}"
        told.extend((fact, ELSEWHERE) for fact in _stay(person, FAR_STATION, 40 - 9 * n))
    return told


def load_past(province: Province, end: datetime) -> None:
    """Load the history up to ``end`` in the order of receipt, as an importer may."""
    facts: list[tuple[datetime, dict[str, Any]]] = []
    for n, ((type_, subject, data, happened, received), org) in enumerate(_history()):
        home = {"org": "350203500000"} if org == COUNTY else {"org": FAR_STATION}
        at = end - timedelta(hours=received)
        occurred = end - timedelta(hours=happened)
        if type_ == "person.interviewed":
            data = data | {"start": occurred.isoformat()}
        if type_ == "person.admitted":
            arrived = occurred.isoformat()
            data = data | {"measure": "行政传唤", "limit_h": 8, "arrived_at": arrived}
        facts.append(
            (
                at,
                event(
                    type_, f"past-{n}", org=org, subject=subject, time=occurred,
                    data=home | data, receivedtime=at.isoformat(),
                ),
            )
        )  # fmt: skip
    facts.sort(key=lambda fact: fact[0])
    token = province.server.token(PROVINCE, "importer")
    answer = province.server.post(token, batch(fact for _, fact in facts))
    assert {result["status"] for result in answer["results"]} == {"accepted"}, answer


def expected(province: Province, org: str, element: str, at: str) -> Any:
    """A panel's frame at a moment, over HTTP."""
    return province.server.get(f"/v1/orgs/{org}/panels/{element}?as_of={at}", province.wall_token)


def active(element: str) -> Sequence[str]:
    """The statuses that the one number counts."""
    return [status.name for status in ELEMENTS[element].statuses if status.active]
