"""案: classes 17 to 21."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.facts.fields import (
    LIST_MAX,
    CaseNo,
    Fact,
    IncidentNo,
    Moment,
    PersonNo,
    PoliceNumber,
    Text,
)


class CaseAccepted(Fact, frozen=True, kw_only=True):
    """17 受案立案审查."""

    case_no: CaseNo
    decision: Literal["review", "accept", "open", "decline"]
    type: Text | None = None
    """administrative 行政 or criminal 刑事."""
    case_reason: Text | None = None
    jq_no: IncidentNo | None = None
    accepted_at: Moment | None = None
    opened_at: Moment | None = None
    reviewer: PoliceNumber | None = None
    basis: Text | None = None


class Extension(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One extension of a limit, and who granted it."""

    until: Moment
    approver: PoliceNumber | None = None
    basis: Text | None = None


class Interval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Time that does not count (sobering up 行规58, expert opinion, hearing)."""

    start: Moment
    end: Moment | None = None
    reason: Text | None = None


class CaseMeasured(Fact, frozen=True, kw_only=True):
    """18 强制措施与期限."""

    case_no: CaseNo
    measure: Text
    person_no: PersonNo | None = None
    start: Moment | None = None
    expiry: Moment | None = None
    extensions: Annotated[list[Extension], Meta(max_length=LIST_MAX)] | None = None
    excluded_intervals: Annotated[list[Interval], Meta(max_length=LIST_MAX)] | None = None
    approver: PoliceNumber | None = None


class CaseDocumented(Fact, frozen=True, kw_only=True):
    """19 文书与审核审批."""

    case_no: CaseNo
    doc_type: Text
    no: Text | None = None
    state: Text | None = None
    person_no: PersonNo | None = None
    submitted_at: Moment | None = None
    approved_at: Moment | None = None
    reviewer: PoliceNumber | None = None
    returned_reason: Text | None = None


class CaseDecided(Fact, frozen=True, kw_only=True):
    """20 处理决定与快办."""

    case_no: CaseNo
    decision: Text
    person_no: PersonNo | None = None
    procedure: Text | None = None
    """普通, 快办, 速裁, 简易."""
    consent: bool | None = None
    decided_at: Moment | None = None
    served_at: Moment | None = None


class CaseTransferred(Fact, frozen=True, kw_only=True):
    """21 移送结案复议诉讼."""

    case_no: CaseNo
    result: Literal[
        "submitted", "prosecuted", "returned", "not_prosecuted", "changed", "upheld", "closed"
    ]
    """移送, 起诉, 退补, 不诉, 变更, 维持, 结案."""
    to_org: Text | None = None
    at: Moment | None = None
    closed_at: Moment | None = None
