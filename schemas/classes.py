"""The one table of the 25 classes: type, Struct, element, what moves and what is shown.

Aggregates, views, the simulator, JSON Schema and docs all read it.
``moves`` gives the status that a fact speaks for, or None for a fact of the thing that
moves nothing (DOMAIN §8b).  ``shows`` names the fields that a list of the element shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, get_args, get_type_hints

import msgspec

from schemas.errors import UnknownClass
from schemas.facts import cases, dossiers, incidents, persons, places, property
from schemas.facts.fields import Fact

type_of_move = Callable[[Any], str | None]
struct_of_fact = type[Fact]


class Reference(NamedTuple):
    """A field that holds the id (or a list of ids) of a thing of ``element``."""

    field: str
    element: str


class FactClass(NamedTuple):
    """One row of the table."""

    number: int
    type: str
    chinese: str
    element: str
    subject: str
    """The field that names the thing that this is a fact of."""
    struct: struct_of_fact
    moves: type_of_move
    shows: tuple[str, ...]
    references: tuple[Reference, ...]
    """Other things that the fact names."""
    personal: tuple[str, ...]
    """Fields that identify a human being and are sealed before they are stored."""
    slot: str | None
    """A field that tells apart facts of this class that hold beside one another."""
    keeps: bool
    """A field that is left out stays as told before; else the newest fact replaces the whole."""


def _extras(hint: Any) -> dict[str, Any]:
    """What ``Meta.extra`` says anywhere inside a type hint."""
    found: dict[str, Any] = {}
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.extra:
            found.update(meta.extra)
    for inner in get_args(hint):
        found.update(_extras(inner))
    return found


def _row(
    number: int,
    type_: str,
    chinese: str,
    struct: type[Fact],
    moves: type_of_move,
    *,
    element: str,
    shows: str = "",
    slot: str | None = None,
    keeps: bool = False,
) -> FactClass:
    hints = get_type_hints(struct, include_extras=True)
    extras = {name: _extras(hint) for name, hint in hints.items()}
    named = [Reference(f, e["refers"]) for f, e in extras.items() if "refers" in e]
    subject = next(r.field for r in named if r.element == element)
    return FactClass(
        number=number,
        type=type_,
        chinese=chinese,
        element=element,
        subject=subject,
        struct=struct,
        moves=moves,
        shows=tuple(shows.split()),
        references=tuple(r for r in named if r.field != subject),
        personal=tuple(f for f, e in extras.items() if e.get("personal")),
        slot=slot,
        keeps=keeps,
    )


def _always(status: str) -> type_of_move:
    return lambda _fact: status


def _nothing(_fact: Any) -> None:
    return None


def _dispatched(fact: incidents.IncidentDispatched) -> str:
    return "arrived" if fact.arrived_at else "dispatched"


def _verified(fact: incidents.IncidentVerified) -> str:
    return "verified" if fact.verdict == "passed" else "reopened"


def _admitted(fact: persons.PersonAdmitted) -> str:
    return "arrived" if fact.arrived_at and not fact.admitted_at else "admitted"


def _person_moved(fact: persons.PersonMoved) -> str | None:
    return {"waiting": "waiting", "interview": "interviewing", "outside": "out"}.get(fact.to_kind)


def _interviewed(fact: persons.PersonInterviewed) -> str:
    return "waiting" if fact.end else "interviewing"


def _property_moved(fact: property.PropertyMoved) -> str | None:
    if fact.action == "lend":
        return "lent"
    if fact.action == "count" and fact.count_result != "match":
        return "missing" if fact.count_result == "mismatch" else None
    return "stored"


def _accepted(fact: cases.CaseAccepted) -> str:
    return {"review": "reviewing", "decline": "declined"}.get(fact.decision, "open")


def _transferred(fact: cases.CaseTransferred) -> str:
    if fact.closed_at or fact.result in ("closed", "not_prosecuted"):
        return "closed"
    return "returned" if fact.result == "returned" else "transferred"


def _room(fact: places.RoomStatusChanged) -> str:
    if fact.online is False:
        return "offline"
    occupancy = fact.occupancy or 0
    if fact.capacity is not None and occupancy > fact.capacity:
        return "crowded"
    if occupancy and fact.guard is False:
        return "unguarded"
    return "occupied" if occupancy else "idle"


def _recording(fact: places.RecordingStatusChanged) -> str:
    if fact.state == "offline":
        return "offline"
    return "blind" if fact.state in ("gap", "fault") else "idle"


def _compiled(fact: dossiers.DossierCompiled) -> str:
    return "incomplete" if fact.missing else "compiled"


def _dossier_moved(fact: dossiers.DossierMoved) -> str:
    return {"lend": "lent", "transfer": "transferred", "archive": "archived"}.get(
        fact.action, "stored"
    )


_TABLE = (
    _row(1, "incident.received", "接警登记", incidents.IncidentReceived, _always("received"),
         element="incident", shows="category channel place urgent received_at"),
    _row(2, "incident.dispatched", "派警与到场", incidents.IncidentDispatched, _dispatched,
         element="incident", shows="sent_at arrived_at", keeps=True),
    _row(3, "incident.disposed", "处置反馈", incidents.IncidentDisposed, _always("disposed"),
         element="incident", shows="result_code case_no"),
    _row(4, "incident.verified", "警情核查与回访", incidents.IncidentVerified, _verified,
         element="incident", shows="verdict should_have_been_opened"),
    _row(5, "person.admitted", "入区登记", persons.PersonAdmitted, _admitted, element="person",
         shows="case_no jq_no sex age_band arrival_mode arrived_at admitted_at legal_basis limit_h"
               " case_reason measure risk_level special_groups"),
    _row(6, "person.searched", "人身安全检查", persons.PersonSearched, _always("searched"),
         element="person"),
    _row(7, "person.sampled", "信息采集与体检", persons.PersonSampled, _always("sampled"),
         element="person"),
    _row(8, "person.moved", "区内流转与定位", persons.PersonMoved, _person_moved,
         element="person", shows="to_room"),
    _row(9, "person.checked", "看管巡查与保障", persons.PersonChecked, _nothing,
         element="person", shows="risk_level measure case_reason next_due", keeps=True),
    _row(10, "person.interviewed", "讯问询问", persons.PersonInterviewed, _interviewed,
         element="person", shows="case_no", keeps=True),
    _row(11, "person.rights_given", "权利告知与家属通知", persons.PersonRightsGiven, _nothing,
         element="person", slot="right_code"),
    _row(12, "person.released", "离区与移送", persons.PersonReleased, _always("released"),
         element="person", shows="left_at destination"),
    _row(13, "property.seized", "扣押提取", property.PropertySeized, _always("seized"),
         element="property", shows="case_no name category quantity unit seized_at"),
    _row(14, "property.stored", "入库移交", property.PropertyStored, _always("stored"),
         element="property", shows="store slot"),
    _row(15, "property.moved", "调用出入库盘点", property.PropertyMoved, _property_moved,
         element="property", shows="due_back"),
    _row(16, "property.disposed", "处置返还", property.PropertyDisposed, _always("disposed"),
         element="property", shows="action"),
    _row(17, "case.accepted", "受案立案审查", cases.CaseAccepted, _accepted, element="case",
         shows="type case_reason jq_no accepted_at opened_at"),
    _row(18, "case.measured", "强制措施与期限", cases.CaseMeasured, _nothing, element="case",
         shows="measure expiry", slot="measure"),
    _row(19, "case.documented", "文书与审核审批", cases.CaseDocumented, _nothing, element="case",
         slot="doc_type"),
    _row(20, "case.decided", "处理决定与快办", cases.CaseDecided, _always("decided"),
         element="case", shows="decision procedure decided_at"),
    _row(21, "case.transferred", "移送结案复议诉讼", cases.CaseTransferred, _transferred,
         element="case", shows="result to_org closed_at"),
    _row(22, "room.status_changed", "房间与值守状态", places.RoomStatusChanged, _room,
         element="place", shows="zone kind name occupancy capacity guard"),
    _row(23, "recording.status_changed", "录音录像与设备状态", places.RecordingStatusChanged,
         _recording, element="place", shows="state clock_offset_s disk_left", slot="channel"),
    _row(24, "dossier.compiled", "组卷与完整性检查", dossiers.DossierCompiled, _compiled,
         element="dossier", shows="case_no kind pages due_at missing"),
    _row(25, "dossier.moved", "卷宗存取移交归档", dossiers.DossierMoved, _dossier_moved,
         element="dossier", shows="cabinet due_back"),
)  # fmt: skip

CLASSES: dict[str, FactClass] = {row.type: row for row in _TABLE}


def fact_class(type_: str) -> FactClass:
    """The row of that type; raises UnknownClass."""
    try:
        return CLASSES[type_]
    except KeyError:
        raise UnknownClass(type_) from None


def subject_of(row: FactClass, fact: Fact) -> str:
    """The id of the thing that the fact is about."""
    return str(getattr(fact, row.subject))


def references_of(row: FactClass, fact: Fact) -> list[tuple[str, str]]:
    """(element, id) of every other thing that the fact names, in the order of its fields."""
    found: list[tuple[str, str]] = []
    for field, element in row.references:
        value = getattr(fact, field)
        if isinstance(value, str):
            found.append((element, value))
        elif value:
            found.extend((element, one) for one in value)
    return found
