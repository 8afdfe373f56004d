"""Decoding: the bytes of one event into its envelope and its fact, or the exact reason why not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.classes import CLASSES
from services.ingest import decoding
from services.ingest.decoding import Refusal, decode_event
from tests.support.events import encoded, event, without
from tests.support.odd import JSON

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


@given(st.binary(max_size=300))
def test_any_bytes_end_in_an_envelope_or_a_refusal(raw: bytes) -> None:
    """No bytes make it raise."""
    decode_event(raw)


@given(JSON)
def test_any_json_ends_in_an_envelope_or_a_refusal(value: Any) -> None:
    """No JSON makes it raise."""
    decode_event(encoded(value))
