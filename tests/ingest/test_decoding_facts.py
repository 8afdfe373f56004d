"""Decoding of ``data``: the fact by the fields of its class, or the exact reason why not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.classes import CLASSES
from schemas.facts.persons import PersonAdmitted
from services.ingest import decoding
from services.ingest.decoding import Refusal, decode_event, decode_fact
from tests.support.events import encoded, event, minimal
from tests.support.facts import payloads
from tests.support.odd import JSON

ADMITTED = CLASSES["person.admitted"]


def envelope_of(raw: bytes) -> decoding.Envelope:
    """The envelope of these bytes."""
    found = decode_event(raw)
    assert not isinstance(found, Refusal)
    return found


def fact_refusal(type_: str, data: Any) -> Refusal:
    """Why the fact of an event with this ``data`` is refused."""
    envelope, _ = envelope_of(encoded(event() | {"type": type_, "data": data}))
    found = decode_fact(envelope, CLASSES[type_])
    assert isinstance(found, Refusal)
    return found


@pytest.mark.parametrize(
    ("type_", "data", "code", "path"),
    [
        ("person.admitted", {}, "missing_field", "data.person_no"),
        ("person.admitted", None, "wrong_type", "data"),
        ("person.admitted", [], "wrong_type", "data"),
        ("person.admitted", {"person_no": ""}, "wrong_type", "data.person_no"),
        ("person.admitted", {"person_no": None}, "wrong_type", "data.person_no"),
        ("person.admitted", {"person_no": 7}, "wrong_type", "data.person_no"),
        ("person.admitted", {"person_no": "x" * 65}, "wrong_type", "data.person_no"),
        ("person.admitted", {"person_no": "1", "shoe": 1}, "unknown_field", "data.shoe"),
        ("person.admitted", {"person_no": "1", "limit_h": "24"}, "wrong_type", "data.limit_h"),
        ("person.admitted", {"person_no": "1", "sex": "x" * 401}, "wrong_type", "data.sex"),
        ("person.admitted", {"person_no": "1", "org": "3502"}, "wrong_type", "data.org"),
        ("person.admitted", {"person_no": "1", "arrived_at": "2026-11-23T11:00:00"},
         "naive_time", "data.arrived_at"),
        ("person.admitted", {"person_no": "1", "special_groups": ["a", 7]},
         "wrong_type", "data.special_groups[1]"),
        ("person.admitted", {"person_no": "1", "evidence": ["a"] * 201},
         "wrong_type", "data.evidence"),
        ("person.moved", {"person_no": "1", "to_kind": "home"}, "wrong_value", "data.to_kind"),
        ("person.moved", {"person_no": "1"}, "missing_field", "data.to_kind"),
        ("case.measured", {"case_no": "1", "measure": "x", "extensions": [{"until": 5}]},
         "wrong_type", "data.extensions[0].until"),
        ("case.measured", {"case_no": "1", "measure": "x", "extensions": [{}]},
         "missing_field", "data.extensions[0].until"),
        ("case.measured", {"case_no": "1", "measure": "x", "excluded_intervals": [
            {"start": "2026-11-23T11:00:00Z", "why": "?"}]},
         "unknown_field", "data.excluded_intervals[0].why"),
        ("recording.status_changed", {"room_id": "1", "channel": "1", "state": "gap",
                                      "disk_left": 1.5}, "wrong_type", "data.disk_left"),
        ("room.status_changed", {"room_id": "1", "occupancy": -1}, "wrong_type", "data.occupancy"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_path(type_: str, data: Any, code: str, path: str) -> None:
    """Missing, mistyped and unknown fields are told apart, with the exact place."""
    refusal = fact_refusal(type_, data)

    assert (refusal.code, refusal.path) == (code, path)
    assert refusal.event_id == "1"


@pytest.mark.parametrize(
    ("data", "code", "path"),
    [
        (b'{"person_no":"1","limit_h":1e999}', "wrong_type", "data.limit_h"),
        (b'{"person_no":"1","limit_h":' + b"9" * 5_000 + b"}", "wrong_type", "data.limit_h"),
        (b'{"person_no":"\xff"}', "not_json", "data"),
        (b'{"person_no":1,"sex":"\xff"}', "wrong_type", "data.person_no"),
        (b'{"person_no":"1","sex":' + b"[" * 900 + b"]" * 900 + b"}", "wrong_type", "data.sex"),
        (b'{"person_no":5,"sex":' + b"[" * 900 + b"]" * 900 + b"}", "wrong_type", "data.person_no"),
    ],
    ids=["infinite", "5000 digits", "not utf-8", "wrong, then not utf-8", "deep", "wrong and deep"],
)
def test_odd_json_in_data_is_refused(data: bytes, code: str, path: str) -> None:
    """Numbers out of range, broken characters and deep nesting end in a refusal, not an error."""
    raw = encoded(event() | {"data": msgspec.Raw(data)})
    envelope, _ = envelope_of(raw)

    refusal = decode_fact(envelope, ADMITTED)

    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.path) == (code, path)


def test_the_last_of_two_equal_keys_counts() -> None:
    """As in most JSON readers; on the fast way and on the slow one alike."""
    fast = b'{"person_no":"1","person_no":"2"}'
    slow = b'{"person_no":"1","sex":"","arrived_at":"","person_no":"2"}'

    for data in (fast, slow):
        envelope, _ = envelope_of(encoded(event() | {"data": msgspec.Raw(data)}))
        fact = decode_fact(envelope, ADMITTED)
        assert isinstance(fact, PersonAdmitted)
        assert fact.person_no == "2"


@given(st.data())
def test_blank_optional_fields_count_as_absent(data: st.DataObject) -> None:
    """However many fields of however many classes are left blank, the fact is the same."""
    row = data.draw(st.sampled_from(sorted(CLASSES.values(), key=lambda r: r.type)))
    said = {n: v for n, v in data.draw(payloads(row)).items() if not _blank(v)}
    said |= minimal(row.type)
    optional = [f.name for f in msgspec.structs.fields(row.struct) if not f.required]
    blanks = data.draw(
        st.dictionaries(st.sampled_from(optional), st.sampled_from(["", " ", None]), min_size=1)
    )
    said = {n: v for n, v in said.items() if n not in blanks}

    def fact(payload: dict[str, Any]) -> Any:
        envelope, _ = envelope_of(encoded(event() | {"type": row.type, "data": payload}))
        return decode_fact(envelope, row)

    plain, blank = fact(said), fact(said | blanks)

    # A text of spaces alone is a text where nothing else is blank.
    spaces = {n: None for n in blanks if (getattr(blank, n) or "-").isspace()}
    assert msgspec.structs.replace(blank, **spaces) == plain


def _blank(value: Any) -> bool:
    """Whether anything in it is blank."""
    if isinstance(value, list):
        return any(map(_blank, value))
    if isinstance(value, dict):
        return any(map(_blank, value.values()))
    return isinstance(value, str) and not value.strip()


def test_blanks_inside_lists_count_as_absent() -> None:
    """A blank in a list or in an interval is as little a reason to refuse."""
    envelope, _ = envelope_of(
        encoded(
            event(
                "case.measured",
                data={
                    "extensions": [{"until": "2026-11-24T00:00:00Z", "approver": ""}, None],
                    "excluded_intervals": [{"start": "2026-11-23T11:00:00Z", "end": ""}],
                    "start": "",
                },
            )
        )
    )

    fact = decode_fact(envelope, CLASSES["case.measured"])

    assert not isinstance(fact, Refusal)
    assert [one.approver for one in fact.extensions or ()] == [None]  # type: ignore[attr-defined]


def test_a_blank_person_among_those_brought_is_left_out() -> None:
    """Ids in a list must not be blank, so a blank one names nobody."""
    envelope, _ = envelope_of(
        encoded(event("incident.disposed", data={"persons_brought": ["", "R1"]}))
    )

    fact = decode_fact(envelope, CLASSES["incident.disposed"])

    assert msgspec.to_builtins(fact)["persons_brought"] == ["R1"]


def test_a_path_is_bounded() -> None:
    """A field's name comes from the sender, so not all of it is repeated."""
    refusal = fact_refusal("person.admitted", {"person_no": "1", "x" * 5_000: 1})

    assert len(refusal.path) == decoding.PATH_MAX


@given(st.sampled_from(sorted(CLASSES)), st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_any_data_ends_in_a_fact_or_a_refusal(type_: str, data: dict[str, Any]) -> None:
    """No data makes it raise, also beside the required fields."""
    row = CLASSES[type_]
    for payload in (data, event(type_)["data"] | data):
        envelope, _ = envelope_of(encoded(event(type_) | {"data": payload}))
        decode_fact(envelope, row)
