"""The six elements of law-enforcement supervision (执法六要素) and their statuses.

Source: the article (警、人、物、案、场所、卷); statuses and moves after DOMAIN §8b.
A status is the fold of a thing's facts, see ``schemas.things``.
"""

from __future__ import annotations

import msgspec

from schemas.errors import UnknownElement


class Status(msgspec.Struct, frozen=True):
    """One status of an element; ``active`` ones make up the number on the wall."""

    name: str
    chinese: str
    english: str
    active: bool = True
    follows: tuple[str, ...] = ()
    """Statuses that this one usually comes after; an empty word means a new thing."""


class Element(msgspec.Struct, frozen=True):
    """One of the six: its character, its words, its statuses in the order of a life."""

    name: str
    character: str
    chinese: str
    english: str
    number_chinese: str
    number_english: str
    statuses: tuple[Status, ...]

    def status(self, name: str) -> Status:
        """The status of that name; raises KeyError for a name the element does not have."""
        for status in self.statuses:
            if status.name == name:
                return status
        raise KeyError(name)

    @property
    def active(self) -> frozenset[str]:
        """Names of the statuses that count as present."""
        return frozenset(s.name for s in self.statuses if s.active)


NEW = ""

INCIDENT = Element(
    "incident", "警", "警情", "Incidents", "在办", "open",
    (
        Status("received", "已接警", "Received", follows=(NEW,)),
        Status("dispatched", "已派警", "Dispatched", follows=("received", "reopened")),
        Status("arrived", "已到场", "On scene", follows=("dispatched", "received")),
        Status("disposed", "已处置", "Disposed", follows=("arrived", "dispatched", "reopened")),
        Status("reopened", "退回重办", "Reopened", follows=("disposed",)),
        Status("verified", "已核查", "Verified", active=False, follows=("disposed",)),
    ),
)  # fmt: skip

PERSON = Element(
    "person", "人", "人员", "Persons", "在区", "in the area",
    (
        Status("arrived", "已到案", "Arrived", follows=(NEW,)),
        Status("admitted", "已入区", "Admitted", follows=(NEW, "arrived")),
        Status("searched", "已安检", "Searched", follows=("admitted",)),
        Status("sampled", "已采集", "Sampled", follows=("searched", "waiting")),
        Status("waiting", "等候", "Waiting",
               follows=("searched", "sampled", "interviewing", "out")),
        Status("interviewing", "讯询问中", "Interviewing", follows=("waiting", "sampled")),
        Status("out", "临时出所", "Out", follows=("waiting", "interviewing")),
        Status("released", "已离区", "Released", active=False,
               follows=("waiting", "interviewing", "sampled", "out")),
    ),
)  # fmt: skip

PROPERTY = Element(
    "property", "物", "财物", "Property", "在管", "in charge",
    (
        Status("seized", "已扣押", "Seized", follows=(NEW,)),
        Status("stored", "在库", "Stored", follows=("seized", "lent", "missing")),
        Status("lent", "调用中", "On loan", follows=("stored",)),
        Status("missing", "盘点不符", "Not found", follows=("stored", "lent")),
        Status("disposed", "已处置", "Disposed", active=False, follows=("stored", "lent")),
    ),
)  # fmt: skip

CASE = Element(
    "case", "案", "案件", "Cases", "在办", "open",
    (
        Status("reviewing", "审查中", "Under review", follows=(NEW,)),
        Status("open", "已受(立)案", "Open", follows=(NEW, "reviewing")),
        Status("decided", "已决定", "Decided", follows=("open", "returned")),
        Status("transferred", "已移送", "Transferred", follows=("open", "decided", "returned")),
        Status("returned", "退回补充", "Returned", follows=("transferred",)),
        Status("declined", "不予受(立)案", "Declined", active=False, follows=(NEW, "reviewing")),
        Status("closed", "已结案", "Closed", active=False, follows=("decided", "transferred")),
    ),
)  # fmt: skip

PLACE = Element(
    "place", "场所", "场所", "Places", "房间", "rooms",
    (
        Status("idle", "空闲", "Idle"),
        Status("occupied", "使用中", "In use"),
        Status("unguarded", "无人值守", "Unguarded"),
        Status("crowded", "超员", "Crowded"),
        Status("blind", "录音录像中断", "Not recorded"),
        Status("offline", "离线", "Offline"),
    ),
)  # fmt: skip

DOSSIER = Element(
    "dossier", "卷", "卷宗", "Dossiers", "在办", "open",
    (
        Status("incomplete", "缺材料", "Incomplete", follows=(NEW,)),
        Status("compiled", "已组卷", "Compiled", follows=(NEW, "incomplete")),
        Status("stored", "在柜", "Stored", follows=("compiled", "lent", "incomplete")),
        Status("lent", "借出", "On loan", follows=("stored",)),
        Status("transferred", "已移交", "Handed over", active=False,
               follows=("compiled", "stored", "lent")),
        Status("archived", "已归档", "Archived", active=False,
               follows=("compiled", "stored", "transferred")),
    ),
)  # fmt: skip

ELEMENTS: dict[str, Element] = {
    e.name: e for e in (INCIDENT, PERSON, PROPERTY, CASE, PLACE, DOSSIER)
}

PLACE_WORST_FIRST = ("offline", "blind", "crowded", "unguarded", "occupied", "idle")
"""The worst that holds is the status of a room (DOMAIN §8b)."""


def element(name: str) -> Element:
    """The element of that name; raises UnknownElement."""
    try:
        return ELEMENTS[name]
    except KeyError:
        raise UnknownElement(name) from None


def is_usual(element_name: str, before: str, after: str) -> bool:
    """Whether the table knows the move; a place may go from any status to any other."""
    follows = ELEMENTS[element_name].status(after).follows
    return not follows or before in follows
