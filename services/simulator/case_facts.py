"""How the facts of a case are worded.  Pure."""

from __future__ import annotations

from typing import Literal

from schemas.facts.cases import (
    CaseAccepted,
    CaseDecided,
    CaseDocumented,
    CaseMeasured,
    CaseTransferred,
    Extension,
    Interval,
)
from services.simulator import words
from services.simulator.life import Life, Moment
from services.simulator.roots import Root
from services.simulator.times import DAY, HOUR

Decision = Literal["review", "accept", "open", "decline"]
Result = Literal[
    "submitted", "prosecuted", "returned", "not_prosecuted", "changed", "upheld", "closed"
]


class Case(Life):
    """One case."""

    __slots__ = ("closed", "declined", "head", "officer", "penalty", "reviewer", "root")

    root: Root
    officer: str
    reviewer: str
    head: str
    penalty: str
    closed: int
    declined: bool

    @property
    def number(self) -> str:
        """案件编号."""
        return self.root.case_no or ""

    @property
    def person(self) -> str | None:
        """The stay of the one whom the case is about, where it is told of."""
        return self.root.persons[0] if self.root.persons and self.root.told else None


def accepted(life: Case, at: Moment, decision: Decision, opened: int | None) -> CaseAccepted:
    """受案审查: the review, or what came of it."""
    root = life.root
    criminal = root.kind == "criminal"
    return CaseAccepted(
        org=life.unit.code,
        actor=life.officer,
        case_no=life.number,
        decision=decision,
        type="刑事" if criminal else "行政",
        case_reason=root.matter.case_reason,
        jq_no=root.known_jq_no,
        accepted_at=at(root.accepted),
        opened_at=at(opened) if opened and decision in ("accept", "open") else None,
        reviewer=life.reviewer,
        basis="刑事诉讼法第一百一十二条" if criminal else "治安管理处罚法第九十条",
    )


def measured(
    life: Case,
    at: Moment,
    measure: str,
    start: int,
    expiry: int,
    extended: int,
    granted: tuple[int, ...],
) -> CaseMeasured:
    """强制措施: begun, or extended."""
    sober = measure == "行政传唤" and life.order % 97 == 0
    return CaseMeasured(
        org=life.unit.code,
        actor=life.officer,
        case_no=life.number,
        measure=measure,
        person_no=life.person,
        start=at(start),
        expiry=at(expiry),
        extensions=[
            Extension(until=at(until), approver=life.reviewer, basis="刑事诉讼法第九十一条")
            for until in granted
        ]
        or None,
        excluded_intervals=[Interval(start=at(start), end=at(start + 3 * HOUR), reason="醉酒约束")]
        if sober
        else None,
        approver=life.reviewer if extended else life.head,
    )


def documented(
    life: Case,
    at: Moment,
    kind: str,
    n: int,
    submitted: int,
    approved: int | None,
    chance: float,
) -> CaseDocumented:
    """文书: approved, or given back."""
    return CaseDocumented(
        org=life.unit.code,
        actor=life.officer,
        case_no=life.number,
        doc_type=kind,
        no=f"闽公{life.number[-8:]}号-{n + 1}",
        state="已审批" if approved else "退回",
        person_no=life.person if "笔录" in kind else None,
        submitted_at=at(submitted),
        approved_at=at(approved) if approved else None,
        reviewer=life.reviewer,
        returned_reason=None
        if approved
        else words.RETURNED_BECAUSE[int(chance * len(words.RETURNED_BECAUSE))],
    )


def decided(life: Case, at: Moment, decision: str, when: int) -> CaseDecided:
    """处理决定."""
    criminal = life.root.kind == "criminal"
    return CaseDecided(
        org=life.unit.code,
        actor=life.officer,
        case_no=life.number,
        decision=decision,
        person_no=life.person,
        procedure="快办" if life.root.fast else "普通",
        consent=True if life.root.fast else None,
        decided_at=at(when),
        served_at=None if criminal else at(when + HOUR),
    )


def transferred(life: Case, at: Moment, result: Result, when: int) -> CaseTransferred:
    """移送, 退补, 起诉, 复议, 结案."""
    to_prosecutor = result == "submitted"
    return CaseTransferred(
        org=life.unit.code,
        actor=life.officer,
        case_no=life.number,
        result=result,
        to_org=f"{life.centre.name}人民检察院" if to_prosecutor else None,
        at=at(when),
        closed_at=at(when) if result in ("closed", "not_prosecuted") else None,
    )


def due_after(closed: int) -> int:
    """Ten working days after the close, about: when the dossier is due (立卷)."""
    return closed + 14 * DAY
