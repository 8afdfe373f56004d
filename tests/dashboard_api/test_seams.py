"""Gaps and overlaps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.dashboard_api.seams import (
    due_checks,
    gaps_of_place,
    gaps_of_stay,
    overlaps_of_stay,
)
from services.dashboard_api.stays import Presence, chain_of, presences
from tests.dashboard_api.facts import Told, at, facts_told
from tests.dashboard_api.histories import NOON
from tests.dashboard_api.test_stays import STAY, minutes

Short = tuple[str, float | None, float | None]


def moved(minute: float, kind: str, room: str | None = None) -> Told:
    data: dict[str, Any] = {"person_no": "R1", "to_kind": kind}
    return (minute, "person.moved", data | ({"to_room": room} if room else {}))


def checked(minute: float, due: float) -> Told:
    return (minute, "person.checked", {"person_no": "R1", "next_due": at(due)})


def interview(start: float, end: float | None, room: str) -> Told:
    data = {"person_no": "R1", "kind": "question", "start": at(start), "room_id": room}
    return (start, "person.interviewed", data | ({"end": at(end)} if end else {}))


def recording(minute: float, state: str, gap: tuple[float, float] | None = None) -> Told:
    data = {"room_id": "P1", "channel": "1", "state": state}
    more = {"gap_from": at(gap[0]), "gap_to": at(gap[1])} if gap else {}
    return (minute, "recording.status_changed", data | more)


def gaps(*told: Told, until: float = 1000) -> list[Short]:
    """The gaps of a stay, in minutes after noon."""
    facts = facts_told(*told)
    moment = NOON + timedelta(minutes=until)
    return short(gaps_of_stay(chain_of(facts), due_checks(facts), moment))


def short(found: list[dict[str, Any]]) -> list[Short]:
    return [(one["kind"], minutes(one["from"]), minutes(one["to"])) for one in found]


def test_a_quiet_stay_has_no_gap() -> None:
    """Nothing between two facts is no gap: a room holds until the next."""
    assert gaps(*STAY) == []


def test_who_is_out_is_not_seen_until_back() -> None:
    """From leaving the area to the next fact that places the person."""
    told = moved(0, "waiting", "P1"), moved(10, "outside"), moved(50, "waiting", "P1")

    assert gaps(*told) == [("out", 10, 50)]
    assert gaps(*told[:2]) == [("out", 10, None)]


def test_leaving_twice_is_one_gap() -> None:
    """A second word on the same outing begins no other."""
    assert gaps(moved(10, "outside"), moved(20, "outside"), moved(50, "waiting", "P1")) == [
        ("out", 10, 50)
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((checked(0, 30), checked(25, 55), checked(55, 2000)), []),
        ((checked(0, 30), checked(45, 75), checked(75, 2000)), [("unchecked", 30, 45)]),
        ((checked(0, 30),), [("unchecked", 30, None)]),
        ((checked(0, 2000),), []),
        ((checked(0, 30), interview(10, 60, "P1")), []),
        ((checked(0, 30), moved(20, "outside"), moved(90, "waiting", "P1")), [("out", 20, 90)]),
        ((checked(0, 30), (40, "person.released", {"person_no": "R1"})),
         [("unchecked", 30, 40)]),
    ],
)  # fmt: skip
def test_a_check_that_was_due_and_did_not_come(
    told: tuple[Told, ...], expected: list[Short]
) -> None:
    """By what the last check said itself; an interview or an outing needs none."""
    assert gaps(*told) == expected


def inside(*stretches: tuple[float, float | None]) -> list[Presence]:
    """R1 in P1, in minutes after noon."""

    def moment(minute: float) -> datetime:
        return NOON + timedelta(minutes=minute)

    return [
        Presence("R1", "P1", moment(a), None if b is None else moment(b), "room", ("f0",))
        for a, b in stretches
    ]


@pytest.mark.parametrize(
    ("told", "there", "expected"),
    [
        ((recording(0, "recording"), recording(20, "gap"), recording(30, "recording")),
         inside((10, 60)), [("unrecorded", 20, 30)]),
        ((recording(20, "gap"), recording(30, "recording", (19, 29))),
         inside((10, 25)), [("unrecorded", 19, 25)]),
        ((recording(90, "recording", (20, 30)),), inside((10, 60)), [("unrecorded", 20, 30)]),
        ((recording(20, "gap"), recording(30, "recording")), inside((40, 60)), []),
        ((recording(20, "fault"),), inside((10, None)), [("unrecorded", 20, None)]),
        ((recording(20, "gap"),), inside((0, 10), (15, 22), (30, 40)),
         [("unrecorded", 20, 22), ("unrecorded", 30, 40)]),
    ],
)  # fmt: skip
def test_no_recording_while_somebody_was_inside(
    told: tuple[Told, ...], there: list[Presence], expected: list[Short]
) -> None:
    """A gap of the recording counts as far as a person of the case was in the room."""
    assert short(gaps_of_place(facts_told(*told), there)) == expected


def test_what_was_dark_before_stays_dark_until_it_records() -> None:
    """A room that came in without recording is a gap from the beginning."""
    facts = facts_told(recording(30, "recording"))

    found = gaps_of_place(facts, inside((0, 60)), NOON)

    assert [(*one, gap["channel"]) for one, gap in zip(short(found), found, strict=True)] == [
        ("unrecorded", 0, 30, None)
    ]


def overlaps(*told: Told) -> list[Short]:
    return short(overlaps_of_stay(presences("R1", chain_of(facts_told(*told)))))


def test_nobody_is_in_two_rooms_at_once() -> None:
    """Moved on while the interview in another room is still said to run."""
    assert overlaps(moved(0, "interview", "P1"), interview(5, 60, "P1"), moved(40, "waiting", "P2"),
                    moved(80, "waiting", "P3")) == [("two_rooms", 40, 60)]  # fmt: skip


def test_nobody_is_in_two_interviews_at_once() -> None:
    """Also not in the same room."""
    assert overlaps(interview(5, 60, "P1"), interview(30, None, "P1")) == [
        ("two_interviews", 30, 60)
    ]


def test_one_room_after_another_is_no_overlap() -> None:
    """The end of one is the beginning of the next."""
    assert overlaps(*STAY) == []
