"""Decoding: the bytes of one event into its envelope and its fact, or the exact reason why not."""

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
from tests.support.events import encoded, event, minimal, without
from tests.support.facts import payloads

ADMITTED = CLASSES["person.admitted"]


def refusal_of(raw: bytes) -> Refusal:
    """Why the envelope of these bytes is refused."""
    found = decode_event(raw)
    assert isinstance(found, Refusal)
    return found


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
    "raw",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"id": "1"} {}',
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"id": NaN}',
        b'{"id": "\\ud800"}',
        b'{"id": "\\udc00x"}',
        b'{"\xff": 1}',
        b"[" * 100_000,
        b'{"specversion": "2.0", "id": broken',
        b'{"specversion": "1.0", "data":' + b"[" * 100_000,
        b"\0",
    ],
    ids=[
        "empty", "cut", "word", "two", "utf-16", "byte order mark", "NaN", "high surrogate",
        "low surrogate", "key not utf-8", "deep", "wrong and broken", "deep data", "NUL",
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    """Bytes in which no JSON can be read are named so, without a path."""
    assert refusal_of(raw) == Refusal(None, "not_json", "", "is not JSON")


@pytest.mark.parametrize("raw", [b"1", b'"text"', b"[{}]", b"null", b"true"])
def test_json_that_is_no_object_is_no_cloudevent(raw: bytes) -> None:
    """An event is a JSON object."""
    assert refusal_of(raw) == Refusal(None, "not_cloudevent", "", "is not a JSON object")


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "time", "data"])
def test_a_missing_attribute_is_named(name: str) -> None:
    """Without one of its required attributes it is no CloudEvent of ours."""
    event_id = None if name == "id" else "1"

    assert refusal_of(encoded(without(event(), name))) == Refusal(
        event_id, "not_cloudevent", name, "is missing"
    )


@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("specversion", "0.3", "wrong_value"),
        ("specversion", 1, "wrong_type"),
        ("id", "", "wrong_type"),
        ("id", 7, "wrong_type"),
        ("id", "x" * 201, "wrong_type"),
        ("source", "urn:somebody", "wrong_type"),
        ("source", "/orgs/3502", "wrong_type"),
        ("type", 5, "wrong_type"),
        ("time", "yesterday", "wrong_type"),
        ("time", "2026-11-23T11:00:00", "naive_time"),
        ("time", "2026-02-30T11:00:00Z", "wrong_type"),
        ("time", 1_795_000_000, "wrong_type"),
        ("recordedtime", "2026-11-23T11:00:00", "naive_time"),
        ("receivedtime", "2026-11-23", "wrong_type"),
        ("sequence", 1.5, "wrong_type"),
        ("sequence", [1], "wrong_type"),
        ("corrects", 5, "wrong_type"),
        ("datacontenttype", "text/xml", "wrong_value"),
        ("subject", {}, "wrong_type"),
    ],
)
def test_a_wrong_attribute_is_named(attribute: str, value: Any, code: str) -> None:
    """Code and path say which attribute cannot be used."""
    refusal = refusal_of(encoded(event() | {attribute: value}))

    assert (refusal.code, refusal.path) == (code, attribute)


def test_the_id_is_told_although_the_rest_is_wrong() -> None:
    """A sender finds its event again by the id, wherever that can be read."""
    assert refusal_of(encoded(event(id_="E7") | {"time": 1})).event_id == "E7"


@pytest.mark.parametrize("name", ["recordedtime", "receivedtime", "sequence", "corrects", "subject",
                                  "dataschema", "datacontenttype"])  # fmt: skip
@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_optional_attribute_counts_as_absent(name: str, blank: str | None) -> None:
    """No event is refused for an attribute that it does not need."""
    envelope, extensions = envelope_of(encoded(event() | {name: blank}))

    assert not (getattr(envelope, name) or "").strip()
    assert extensions is None


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json_data_may_say_so_in_any_way(content_type: str) -> None:
    """Many libraries write the character set into ``datacontenttype``."""
    envelope_of(encoded(event(datacontenttype=content_type)))


def test_extension_attributes_are_kept() -> None:
    """CloudEvents asks a consumer to carry what it does not know."""
    _, extensions = envelope_of(
        encoded(event(traceparent="00-ab-01", partition=7, sampled=True, empty="", nothing=None))
    )

    assert extensions == {"traceparent": "00-ab-01", "partition": 7, "sampled": True}


@pytest.mark.parametrize("name", ["data_base64", "Trace", "名", "x" * 61, "a-b", ""])
def test_a_badly_named_extension_is_refused(name: str) -> None:
    """CloudEvents names attributes with lower-case letters and digits."""
    refusal = refusal_of(encoded(event() | {name: 1}))

    assert (refusal.code, refusal.path) == ("unknown_field", name)


@pytest.mark.parametrize("value", [{"a": 1}, [1], "x" * 1001, "\udead"])
def test_an_extension_is_a_short_primitive(value: Any) -> None:
    """What is kept for ever unread is bounded."""
    raw = encoded(event(trace=1 if value == "\udead" else value))
    if value == "\udead":
        raw = raw.replace(b'"trace":1', b'"trace":"\xff"')

    refusal = refusal_of(raw)

    assert (refusal.code, refusal.path) == ("wrong_type", "trace")


def test_an_event_over_the_limit_is_refused() -> None:
    """One event never takes more than two megabytes of the log."""
    largest = encoded(event()).ljust(decoding.EVENT_BYTES)
    assert not isinstance(decode_event(largest), Refusal)

    assert refusal_of(largest + b" ").code == "event_too_large"


def test_the_longest_legal_event_is_within_the_limit() -> None:
    """No class has lists and texts that a legal event could not hold."""
    longest = 0
    for row in CLASSES.values():
        schema = msgspec.json.schema(row.struct)
        longest = max(longest, _longest(schema, schema["$defs"]))

    assert longest < decoding.EVENT_BYTES


def _longest(schema: dict[str, Any], defs: dict[str, Any]) -> int:
    """Bytes of the longest JSON that a schema allows, at four bytes a character."""
    if "$ref" in schema:
        return _longest(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in schema:
        return max(_longest(one, defs) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return int(schema["maxItems"]) * (_longest(schema["items"], defs) + 1)
    if schema.get("type") == "object":
        return sum(len(n) + 4 + _longest(s, defs) for n, s in schema["properties"].items())
    return 4 * int(schema.get("maxLength", 10))


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.binary(max_size=300))
def test_any_bytes_end_in_an_envelope_or_a_refusal(raw: bytes) -> None:
    """No bytes make it raise."""
    decode_event(raw)


@given(JSON)
def test_any_json_ends_in_an_envelope_or_a_refusal(value: Any) -> None:
    """No JSON makes it raise."""
    decode_event(encoded(value))


@given(st.sampled_from(sorted(CLASSES)), st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_any_data_ends_in_a_fact_or_a_refusal(type_: str, data: dict[str, Any]) -> None:
    """No data makes it raise, also beside the required fields."""
    row = CLASSES[type_]
    for payload in (data, event(type_)["data"] | data):
        envelope, _ = envelope_of(encoded(event(type_) | {"data": payload}))
        decode_fact(envelope, row)
