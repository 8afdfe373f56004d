"""How the facts of a stay are worded.  Pure."""

from __future__ import annotations

from typing import Literal

from schemas.facts.persons import (
    PersonAdmitted,
    PersonChecked,
    PersonInterviewed,
    PersonMoved,
    PersonReleased,
    PersonRightsGiven,
    PersonSampled,
    PersonSearched,
)
from services.simulator import made_up, words
from services.simulator.bookings import Visit
from services.simulator.life import Life, Moment
from services.simulator.province import Room
from services.simulator.roots import Root
from services.simulator.times import SECOND

Place = Literal["waiting", "interview", "search", "sampling", "medical", "outside", "other"]


class Stay(Life):
    """One stay of one person."""

    __slots__ = (
        "admitted", "approver", "arrived", "band", "destination", "groups", "handler", "human",
        "left", "limit_h", "mode", "number", "risk", "root", "taken_before", "visits",
    )  # fmt: skip

    root: Root
    number: str
    human: made_up.Human
    mode: str
    limit_h: float
    risk: str
    groups: list[str]
    band: str
    handler: str
    approver: str
    destination: str
    taken_before: bool
    arrived: int
    admitted: int
    left: int
    visits: list[Visit]


def arrived(life: Stay, at: Moment) -> PersonAdmitted:
    """到案: the legal clock begins."""
    return PersonAdmitted(
        org=life.unit.code,
        actor=life.handler,
        person_no=life.number,
        jq_no=life.root.known_jq_no,
        case_no=life.root.case_no,
        sex=life.human.sex,
        age_band=life.human.age_band,
        arrival_mode=life.mode,
        arrived_at=at(life.arrived),
        limit_h=life.limit_h,
        case_reason=life.root.matter.case_reason,
    )


def admitted(life: Stay, at: Moment) -> PersonAdmitted:
    """入区登记, with all that is asked at the desk."""
    human, root = life.human, life.root
    return PersonAdmitted(
        org=life.unit.code,
        actor=life.handler,
        person_no=life.number,
        jq_no=root.known_jq_no,
        case_no=root.case_no,
        name=human.name,
        id_number=human.id_number,
        phone=human.phone,
        sex=human.sex,
        age_band=human.age_band,
        arrival_mode=life.mode,
        arrived_at=at(life.arrived),
        admitted_at=at(life.admitted),
        legal_basis=words.BASIS[life.mode],
        limit_h=life.limit_h,
        case_reason=root.matter.case_reason,
        measure=life.mode,
        risk_level=life.risk,
        special_groups=life.groups or None,
        wristband=life.band,
        handler=life.handler,
    )


def moved(
    life: Stay, at: Moment, kind: Place, from_room: Room | None, to_room: Room | None
) -> PersonMoved:
    """Brought from one room to another, as the wristband tells."""
    return PersonMoved(
        org=life.unit.code,
        person_no=life.number,
        to_kind=kind,
        from_room=from_room.id if from_room else None,
        to_room=to_room.id if to_room else None,
        method="手环定位",
        escort=life.handler,
        temp_exit_approval=f"LS{life.number[1:]}" if kind == "outside" else None,
    )


def searched(life: Stay, at: Moment, start: int, end: int, chance: float) -> PersonSearched:
    """Searched; in a few cases by the wrong sex."""
    own = life.human.sex if chance > 0.006 or life.human.sex == "男" else "男"
    return PersonSearched(
        org=life.unit.code,
        person_no=life.number,
        start=at(start),
        end=at(end),
        examiner_sex=own,
        injuries=["左臂擦伤"] if chance > 0.95 else None,
        drink="醉酒" in life.groups,
        illness="高血压" if "患病" in life.groups else None,
        photos=[f"photo/{life.number}/1"],
        witness=life.centre.staff[2],
    )


def sampled(life: Stay, at: Moment, chance: float) -> PersonSampled:
    """Sampled; nothing that is known already is taken again."""
    return PersonSampled(
        org=life.unit.code,
        person_no=life.number,
        items=["人像", "手机"] if life.taken_before else list(words.SAMPLES),
        prior_id=f"CJ{life.number[1:]}" if life.taken_before else None,
        approver=life.approver,
        medical_result="适合办案" if chance < 0.97 else "建议就医",
    )


def rights_given(life: Stay, at: Moment, code: str, done: bool) -> PersonRightsGiven:
    """Told of a right, or the family told."""
    family = code == "家属通知"
    return PersonRightsGiven(
        org=life.unit.code,
        actor=life.handler,
        person_no=life.number,
        right_code=code,
        to_whom=f"{life.human.name[0]}家属{made_up.MARK}" if family and done else None,
        means="电话" if family else "书面",
        failure_reason=None if done else "无法联系",
        signed=None if family else done,
    )


def checked(life: Stay, at: Moment, when: int, step: int, chance: float) -> PersonChecked:
    """Looked after."""
    return PersonChecked(
        org=life.unit.code,
        person_no=life.number,
        at=at(when),
        checker=life.centre.staff[3 + int(chance * 8)],
        sensor_time=at(when - int(chance * 20) * SECOND) if chance > 0.1 else None,
        state=words.STATES.at(chance),
        food=chance < 0.12,
        rest=chance > 0.6,
        risk_level=life.risk,
        measure=life.mode,
        case_reason=life.root.matter.case_reason,
        next_due=at(when + step),
    )


def interviewed(
    life: Stay,
    at: Moment,
    room: Room,
    start: int,
    end: int | None,
    officers: list[str],
    n: int,
) -> PersonInterviewed:
    """Questioned: at the start, and again at the end."""
    minor = "未成年人" in life.groups
    return PersonInterviewed(
        org=life.unit.code,
        actor=life.handler,
        person_no=life.number,
        kind="interrogation" if life.root.kind == "criminal" else "question",
        start=at(start),
        end=at(end) if end else None,
        officers=officers,
        room_id=room.id,
        recording_id=f"rec/{life.number}/{n + 1}",
        guardian=f"监护人{made_up.MARK}" if minor else None,
        transcript_id=f"BL{life.number[1:]}{n + 1}" if end else None,
        case_no=life.root.case_no,
    )


def released(life: Stay, at: Moment) -> PersonReleased:
    """Left."""
    return PersonReleased(
        org=life.unit.code,
        actor=life.handler,
        person_no=life.number,
        left_at=at(life.left),
        destination=life.destination,
        items_returned=True,
        handover_sign=life.handler if life.destination != "释放" else None,
    )
