"""人: classes 5 to 12.  A person number is one stay in the handling area (办案区)."""

from __future__ import annotations

from typing import Literal

from schemas.facts.fields import (
    CaseNo,
    Fact,
    IncidentNo,
    Moment,
    Personal,
    PersonNo,
    PoliceNumber,
    PoliceNumbers,
    RoomId,
    Text,
    Texts,
)


class PersonAdmitted(Fact, frozen=True, kw_only=True):
    """5 入区登记.  The legal clock runs from ``arrived_at`` (到案), not ``admitted_at``."""

    person_no: PersonNo
    case_no: CaseNo | None = None
    jq_no: IncidentNo | None = None
    name: Personal | None = None
    id_number: Personal | None = None
    phone: Personal | None = None
    sex: Text | None = None
    age_band: Text | None = None
    arrival_mode: Text | None = None
    """到案方式: 刑传, 行传, 继续盘问, 扭送, 投案, 拘传, 传讯, 移送, 其他."""
    arrived_at: Moment | None = None
    admitted_at: Moment | None = None
    legal_basis: Text | None = None
    limit_h: float | None = None
    case_reason: Text | None = None
    """案由."""
    measure: Text | None = None
    risk_level: Text | None = None
    special_groups: Texts | None = None
    wristband: Text | None = None
    handler: PoliceNumber | None = None


class PersonSearched(Fact, frozen=True, kw_only=True):
    """6 人身安全检查 (行规53; 治103)."""

    person_no: PersonNo
    start: Moment | None = None
    end: Moment | None = None
    examiner_sex: Text | None = None
    injuries: Texts | None = None
    drink: bool | None = None
    illness: Text | None = None
    photos: Texts | None = None
    witness: PoliceNumber | None = None


class PersonSampled(Fact, frozen=True, kw_only=True):
    """7 信息采集与体检 (治102: nothing already taken is taken again)."""

    person_no: PersonNo
    items: Texts | None = None
    prior_id: Text | None = None
    approver: PoliceNumber | None = None
    medical_result: Text | None = None


class PersonMoved(Fact, frozen=True, kw_only=True):
    """8 区内流转与定位."""

    person_no: PersonNo
    to_kind: Literal["waiting", "interview", "search", "sampling", "medical", "outside", "other"]
    from_room: RoomId | None = None
    to_room: RoomId | None = None
    at: Moment | None = None
    method: Text | None = None
    escort: PoliceNumber | None = None
    temp_exit_approval: Text | None = None


class PersonChecked(Fact, frozen=True, kw_only=True):
    """9 看管巡查与保障."""

    person_no: PersonNo
    at: Moment | None = None
    checker: PoliceNumber | None = None
    sensor_time: Moment | None = None
    state: Text | None = None
    food: bool | None = None
    rest: bool | None = None
    medicine: Text | None = None
    risk_level: Text | None = None
    measure: Text | None = None
    case_reason: Text | None = None
    next_due: Moment | None = None


class PersonInterviewed(Fact, frozen=True, kw_only=True):
    """10 讯问询问: sent at its start, and again with ``end`` when it is over."""

    person_no: PersonNo
    kind: Literal["question", "interrogation"]
    """询问 question, 讯问 interrogation."""
    start: Moment
    end: Moment | None = None
    officers: PoliceNumbers | None = None
    room_id: RoomId | None = None
    recording_id: Text | None = None
    guardian: Text | None = None
    interpreter: Text | None = None
    transcript_id: Text | None = None
    case_no: CaseNo | None = None


class PersonRightsGiven(Fact, frozen=True, kw_only=True):
    """11 权利告知与家属通知."""

    person_no: PersonNo
    right_code: Text
    at: Moment | None = None
    to_whom: Personal | None = None
    means: Text | None = None
    failure_reason: Text | None = None
    signed: bool | None = None


class PersonReleased(Fact, frozen=True, kw_only=True):
    """12 离区与移送."""

    person_no: PersonNo
    left_at: Moment | None = None
    destination: Text | None = None
    measure_no: Text | None = None
    items_returned: bool | None = None
    handover_sign: Text | None = None
