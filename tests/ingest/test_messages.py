"""Kafka messages become the requests that HTTP would have brought."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.bodies import BATCH, LINES, SINGLE
from services.ingest.decoding import Refusal, decode_event
from services.ingest.messages import Headers, request_of
from tests.support.events import batch, encoded, event

PERSON = event(sequence="7", recordedtime="2026-11-23T19:30:00+08:00", traceparent="00-4bf9-01")


def binary(one: dict[str, Any], content_type: bytes | None = b"application/json") -> Headers:
    """An event's attributes as the headers of the binary mode."""
    named = {n: str(v).encode() for n, v in one.items() if n != "data"}
    headers: list[tuple[str, bytes | None]] = [(f"ce_{name}", v) for name, v in named.items()]
    return [*headers, ("content-type", content_type)] if content_type else headers


@pytest.mark.parametrize("content_type", [SINGLE, BATCH, LINES, f"{BATCH}; charset=utf-8"])
def test_a_structured_message_is_its_value(content_type: str) -> None:
    """The body, its type and its encoding go on as they came."""
    value = batch([PERSON])
    headers = [
        ("content-type", content_type.encode()),
        ("authorization", b"Bearer T"),
        ("content-encoding", b"gzip"),
    ]

    assert request_of(headers, value) == ("Bearer T", content_type, "gzip", value)


@pytest.mark.parametrize("content_type", [b"application/json", b"application/json; x=y", None])
def test_a_binary_message_is_the_same_event(content_type: bytes | None) -> None:
    """Attributes from headers and data from the value make the event of the structured mode."""
    request = request_of(binary(PERSON, content_type), encoded(PERSON["data"]))

    said, meant = decode_event(request.body), decode_event(encoded(PERSON))
    assert request.content_type == SINGLE
    assert not isinstance(said, Refusal)
    assert not isinstance(meant, Refusal)
    assert said[0].id == meant[0].id
    assert (said[0].time, said[0].recordedtime) == (meant[0].time, meant[0].recordedtime)
    assert (bytes(said[0].data), said[1]) == (bytes(meant[0].data), meant[1])


@pytest.mark.parametrize("name", ["ce_data", "ce_data_base64", "ce_datacontenttype"])
def test_no_header_stands_in_for_the_value(name: str) -> None:
    """What the value says holds, whatever a header with the name of a member claims."""
    request = request_of([*binary(PERSON), (name, b"{}")], encoded(PERSON["data"]))

    assert msgspec.json.decode(request.body)["data"] == PERSON["data"]


@pytest.mark.parametrize("value", [b"\xff\x00", b'{},"id":"forged"', b"{", b"1 2"])
def test_data_that_are_no_json_are_kept_and_refused(value: bytes) -> None:
    """As CloudEvents writes bytes: nothing breaks out of the data, nothing is lost."""
    request = request_of(binary(PERSON), value)

    refusal = decode_event(request.body)
    members = msgspec.json.decode(request.body, type=dict[str, Any])
    assert isinstance(refusal, Refusal)
    assert (refusal.event_id, refusal.path) == (PERSON["id"], "data_base64")
    assert msgspec.convert(members["data_base64"], bytes, strict=False) == value


def test_a_binary_message_without_a_value_lacks_its_data() -> None:
    """A tombstone is no event."""
    refusal = decode_event(request_of(binary(PERSON), b"").body)

    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.path) == ("not_cloudevent", "data")


def test_other_types_of_data_are_refused_by_name() -> None:
    """The platform takes JSON alone."""
    refusal = decode_event(request_of(binary(PERSON, b"text/xml"), b'"<a/>"').body)

    assert isinstance(refusal, Refusal)
    assert (refusal.event_id, refusal.path) == (PERSON["id"], "datacontenttype")


def test_the_last_of_two_headers_counts() -> None:
    """Kafka allows repeated headers, in any case."""
    request = request_of([("content-type", b"text/plain"), ("Content-Type", SINGLE.encode())], b"x")

    assert request.content_type == SINGLE


@given(
    headers=st.lists(
        st.tuples(
            st.one_of(
                st.sampled_from(["content-type", "ce_id", "ce_data", "ce_", "authorization"]),
                st.text(),
            ),
            st.one_of(st.none(), st.binary(), st.sampled_from([SINGLE.encode(), BATCH.encode()])),
        )
    ),
    value=st.binary(),
)
def test_whatever_comes_is_a_request(headers: Headers, value: bytes) -> None:
    """No message makes the conversion fail."""
    assert isinstance(request_of(headers, value).body, bytes)
