"""The one table of the 25 classes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.classes import CLASSES, FactClass, fact_class, references_of, subject_of
from schemas.elements import ELEMENTS
from schemas.errors import UnknownClass
from schemas.moves import possible_statuses
from tests.support.facts import facts

ROWS = list(CLASSES.values())
PERSONAL = {"name", "id_number", "phone", "caller", "caller_phone", "to_whom", "owner", "receiver"}


def by_type(row: FactClass) -> str:
    """Test ids."""
    return row.type


def fact(type_: str, **data: Any) -> Any:
    """A fact of that class with a subject of its own."""
    row = CLASSES[type_]
    return msgspec.convert({row.subject: "1", **data}, row.struct)


def test_there_are_25() -> None:
    """Numbered 1 to 25: 警4 人8 物4 案5 场所2 卷2 (DOMAIN §8)."""
    assert [row.number for row in ROWS] == list(range(1, 26))
    assert Counter(row.element for row in ROWS) == {
        "incident": 4, "person": 8, "property": 4, "case": 5, "place": 2, "dossier": 2,
    }  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=by_type)
def test_the_fields_that_a_row_names_exist(row: FactClass) -> None:
    """Subject, shown fields, slot, references and sealed fields are fields of the Struct."""
    named = {row.subject, *row.shows, *row.personal, *(r.field for r in row.references)}
    if row.slot:
        named.add(row.slot)

    assert named <= set(row.struct.__struct_fields__)
    assert row.element in ELEMENTS
    assert {r.element for r in row.references} <= set(ELEMENTS)


@pytest.mark.parametrize("row", ROWS, ids=by_type)
def test_only_the_subject_and_choices_are_required(row: FactClass) -> None:
    """A non-essential blank never refuses a fact (DOMAIN §4)."""
    required = {f.name for f in msgspec.structs.fields(row.struct) if f.required}

    assert row.subject in required
    assert required <= {row.subject, "verdict", "decision", "measure", "doc_type", "result",
                        "to_kind", "kind", "start", "right_code", "action", "channel",
                        "state"}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=by_type)
def test_what_identifies_a_person_is_never_shown(row: FactClass) -> None:
    """Sealed fields are in no list, and no field with such a name is left unsealed."""
    assert not set(row.personal) & set(row.shows)
    suspects = PERSONAL & set(row.struct.__struct_fields__)
    if row.element in ("property", "place"):
        suspects.discard("name")
    assert set(row.personal) == suspects


@pytest.mark.parametrize("row", ROWS, ids=by_type)
def test_the_struct_says_its_number_and_name(row: FactClass) -> None:
    """Docstring and table agree on number and Chinese name."""
    assert (row.struct.__doc__ or "").startswith(f"{row.number} {row.chinese}")


@settings(max_examples=30)
@given(data=st.data())
@pytest.mark.parametrize("row", ROWS, ids=by_type)
def test_moves_give_statuses_of_the_element(row: FactClass, data: st.DataObject) -> None:
    """Whatever a fact says, its move is a status of its element or none."""
    given_status = row.moves(data.draw(facts(row)))

    assert given_status is None or given_status in possible_statuses(row)
    assert possible_statuses(row) <= {s.name for s in ELEMENTS[row.element].statuses}


@pytest.mark.parametrize("name", ELEMENTS)
def test_every_status_is_given_by_some_class(name: str) -> None:
    """No status stands in the table that no fact can bring about."""
    given_by = [possible_statuses(row) for row in ROWS if row.element == name]

    assert frozenset().union(*given_by) == {s.name for s in ELEMENTS[name].statuses}


AT = "2026-01-01T08:00:00Z"


@pytest.mark.parametrize(
    ("type_", "data", "status"),
    [
        ("incident.received", {}, "received"),
        ("incident.dispatched", {"sent_at": AT}, "dispatched"),
        ("incident.dispatched", {"sent_at": AT, "arrived_at": AT}, "arrived"),
        ("incident.disposed", {}, "disposed"),
        ("incident.verified", {"verdict": "passed"}, "verified"),
        ("incident.verified", {"verdict": "failed"}, "reopened"),
        ("person.admitted", {"arrived_at": AT}, "arrived"),
        ("person.admitted", {"arrived_at": AT, "admitted_at": AT}, "admitted"),
        ("person.admitted", {}, "admitted"),
        ("person.searched", {}, "searched"),
        ("person.sampled", {}, "sampled"),
        ("person.moved", {"to_kind": "waiting"}, "waiting"),
        ("person.moved", {"to_kind": "interview"}, "interviewing"),
        ("person.moved", {"to_kind": "outside"}, "out"),
        ("person.moved", {"to_kind": "medical"}, None),
        ("person.checked", {"food": True}, None),
        ("person.interviewed", {"kind": "question", "start": AT}, "interviewing"),
        ("person.interviewed", {"kind": "question", "start": AT, "end": AT}, "waiting"),
        ("person.rights_given", {"right_code": "1"}, None),
        ("person.released", {}, "released"),
        ("property.seized", {}, "seized"),
        ("property.stored", {}, "stored"),
        ("property.moved", {"action": "lend"}, "lent"),
        ("property.moved", {"action": "return"}, "stored"),
        ("property.moved", {"action": "count", "count_result": "match"}, "stored"),
        ("property.moved", {"action": "count", "count_result": "mismatch"}, "missing"),
        ("property.moved", {"action": "count"}, None),
        ("property.disposed", {"action": "返还"}, "disposed"),
        ("case.accepted", {"decision": "review"}, "reviewing"),
        ("case.accepted", {"decision": "accept"}, "open"),
        ("case.accepted", {"decision": "open"}, "open"),
        ("case.accepted", {"decision": "decline"}, "declined"),
        ("case.measured", {"measure": "刑事拘留"}, None),
        ("case.documented", {"doc_type": "受案登记表"}, None),
        ("case.decided", {"decision": "罚款"}, "decided"),
        ("case.transferred", {"result": "prosecuted"}, "transferred"),
        ("case.transferred", {"result": "returned"}, "returned"),
        ("case.transferred", {"result": "not_prosecuted"}, "closed"),
        ("case.transferred", {"result": "submitted", "closed_at": AT}, "closed"),
        ("room.status_changed", {}, "idle"),
        ("room.status_changed", {"occupancy": 1, "guard": True}, "occupied"),
        ("room.status_changed", {"occupancy": 1, "guard": False}, "unguarded"),
        ("room.status_changed", {"occupancy": 0, "guard": False}, "idle"),
        ("room.status_changed", {"occupancy": 3, "capacity": 2, "guard": False}, "crowded"),
        ("room.status_changed", {"occupancy": 3, "capacity": 2, "online": False}, "offline"),
        ("recording.status_changed", {"channel": "1", "state": "recording"}, "idle"),
        ("recording.status_changed", {"channel": "1", "state": "standby"}, "idle"),
        ("recording.status_changed", {"channel": "1", "state": "gap"}, "blind"),
        ("recording.status_changed", {"channel": "1", "state": "fault"}, "blind"),
        ("recording.status_changed", {"channel": "1", "state": "offline"}, "offline"),
        ("dossier.compiled", {"missing": ["受案登记表"]}, "incomplete"),
        ("dossier.compiled", {"missing": []}, "compiled"),
        ("dossier.moved", {"action": "store"}, "stored"),
        ("dossier.moved", {"action": "lend"}, "lent"),
        ("dossier.moved", {"action": "return"}, "stored"),
        ("dossier.moved", {"action": "transfer"}, "transferred"),
        ("dossier.moved", {"action": "archive"}, "archived"),
    ],
)
def test_moves(type_: str, data: dict[str, Any], status: str | None) -> None:
    """What moves what, as DOMAIN §8b has it."""
    row = CLASSES[type_]
    payload = {row.subject: "1", **data}

    assert row.moves(msgspec.convert(payload, row.struct)) == status


def test_subject_and_references() -> None:
    """A fact tells its thing and every other that it names, lists one by one."""
    row = CLASSES["incident.disposed"]
    disposed = fact("incident.disposed", case_no="A1", persons_brought=["R1", "R2"])

    assert subject_of(row, disposed) == "1"
    assert references_of(row, disposed) == [("case", "A1"), ("person", "R1"), ("person", "R2")]
    assert references_of(row, fact("incident.disposed")) == []


def test_rows_are_found_by_type() -> None:
    """A type outside the 25 is an error that names it."""
    assert fact_class("case.decided").number == 20
    with pytest.raises(UnknownClass, match=r"case\.forgotten"):
        fact_class("case.forgotten")
