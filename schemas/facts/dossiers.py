"""卷: classes 24 and 25."""

from __future__ import annotations

from typing import Literal

from schemas.facts.fields import (
    CaseNo,
    Count,
    DossierNo,
    Fact,
    Moment,
    PoliceNumbers,
    Text,
    Texts,
)


class DossierCompiled(Fact, frozen=True, kw_only=True):
    """24 组卷与完整性检查."""

    dossier_no: DossierNo
    case_no: CaseNo | None = None
    kind: Text | None = None
    """行政, 诉讼, 侦查."""
    docs: Texts | None = None
    missing: Texts | None = None
    pages: Count | None = None
    due_at: Moment | None = None


class DossierMoved(Fact, frozen=True, kw_only=True):
    """25 卷宗存取移交归档: two people take out and bring back."""

    dossier_no: DossierNo
    action: Literal["store", "lend", "return", "transfer", "archive"]
    cabinet: Text | None = None
    officers: PoliceNumbers | None = None
    due_back: Moment | None = None
    at: Moment | None = None
