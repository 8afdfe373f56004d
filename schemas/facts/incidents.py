"""警: classes 1 to 4."""

from __future__ import annotations

from typing import Literal

from schemas.facts.fields import (
    CaseNo,
    Fact,
    IncidentNo,
    Moment,
    Personal,
    PersonNos,
    PoliceNumber,
    PoliceNumbers,
    Text,
    Texts,
)


class IncidentReceived(Fact, frozen=True, kw_only=True):
    """1 接警登记."""

    jq_no: IncidentNo
    channel: Text | None = None
    received_at: Moment | None = None
    category: Text | None = None
    place: Text | None = None
    caller: Personal | None = None
    caller_phone: Personal | None = None
    urgent: bool | None = None
    audio_ref: Text | None = None
    receipt_no: Text | None = None


class IncidentDispatched(Fact, frozen=True, kw_only=True):
    """2 派警与到场; sent again as its times become known."""

    jq_no: IncidentNo
    officers: PoliceNumbers | None = None
    sent_at: Moment | None = None
    accepted_at: Moment | None = None
    arrived_at: Moment | None = None
    bwc_ids: Texts | None = None


class IncidentDisposed(Fact, frozen=True, kw_only=True):
    """3 处置反馈."""

    jq_no: IncidentNo
    result_code: Text | None = None
    fed_back_at: Moment | None = None
    case_no: CaseNo | None = None
    persons_brought: PersonNos | None = None
    bwc_refs: Texts | None = None


class IncidentVerified(Fact, frozen=True, kw_only=True):
    """4 警情核查与回访 (四必核 as DOMAIN §2 reads it)."""

    jq_no: IncidentNo
    verdict: Literal["passed", "failed"]
    timely: bool | None = None
    disposal_right: bool | None = None
    recording_complete: bool | None = None
    acceptance_right: bool | None = None
    should_have_been_opened: bool | None = None
    """应立未立."""
    checker: PoliceNumber | None = None
    caller_satisfied: bool | None = None
