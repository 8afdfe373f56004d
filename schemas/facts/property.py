"""物: classes 13 to 16 (涉案财物; personal belongings are not case property)."""

from __future__ import annotations

from typing import Literal

from schemas.facts.fields import (
    CaseNo,
    Fact,
    ItemNo,
    Moment,
    Personal,
    PersonNo,
    PoliceNumber,
    Text,
)


class PropertySeized(Fact, frozen=True, kw_only=True):
    """13 扣押提取."""

    item_no: ItemNo
    case_no: CaseNo | None = None
    person_no: PersonNo | None = None
    name: Text | None = None
    category: Text | None = None
    quantity: float | None = None
    unit: Text | None = None
    seized_at: Moment | None = None
    place: Text | None = None
    owner: Personal | None = None
    list_no: Text | None = None
    recording_id: Text | None = None
    approver: PoliceNumber | None = None


class PropertyStored(Fact, frozen=True, kw_only=True):
    """14 入库移交 (行规190: within 24 h of taking)."""

    item_no: ItemNo
    handed_at: Moment | None = None
    custodian: PoliceNumber | None = None
    store: Text | None = None
    slot: Text | None = None
    rfid: Text | None = None
    seal: Text | None = None
    photo: Text | None = None


class PropertyMoved(Fact, frozen=True, kw_only=True):
    """15 调用出入库盘点."""

    item_no: ItemNo
    action: Literal["lend", "return", "count"]
    approver: PoliceNumber | None = None
    due_back: Moment | None = None
    condition: Text | None = None
    count_result: Literal["match", "mismatch"] | None = None


class PropertyDisposed(Fact, frozen=True, kw_only=True):
    """16 处置返还."""

    item_no: ItemNo
    action: Text
    """返还, 移送, 拍卖, 销毁, 上缴."""
    basis_doc: Text | None = None
    receiver: Personal | None = None
    at: Moment | None = None
