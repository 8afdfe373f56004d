"""Bodies: every shape of request into the raw bytes of its events."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest import bodies
from services.ingest.bodies import BATCH, LINES, SINGLE, events_in, shape_of, unpacked
from services.ingest.errors import BodyUnreadable

LIMIT = 100_000


@pytest.mark.parametrize(
    ("content_type", "shape"),
    [
        (SINGLE, "single"),
        (BATCH, "batch"),
        (LINES, "lines"),
        ("application/ndjson", "lines"),
        ("application/json", "single"),
        ("Application/CloudEvents+JSON; charset=utf-8", "single"),
        ("application/cloudevents-batch+json ;charset=UTF-8", "batch"),
    ],
)
def test_a_content_type_names_the_shape(content_type: str, shape: str) -> None:
    """Parameters and case change nothing."""
    assert shape_of(content_type) == shape


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/xml", ";", "json"])
def test_other_content_types_are_refused(content_type: str | None) -> None:
    """A body of unknown shape is answered 415."""
    with pytest.raises(BodyUnreadable) as caught:
        shape_of(content_type)

    assert (caught.value.code, caught.value.http_status) == ("unsupported_content_type", 415)


def test_a_single_event_is_its_body() -> None:
    """One event comes as it is."""
    assert events_in("single", b' {"a": 1} ') == [b' {"a": 1} ']


@pytest.mark.parametrize("shape", ["single", "batch"])
def test_an_array_gives_each_of_its_members(shape: bodies.Shape) -> None:
    """An array holds many events, whichever JSON content type it came under."""
    assert events_in(shape, b' [{"a": 1}, 2 ,"x"]') == [b'{"a": 1}', b"2", b'"x"']


def test_an_empty_array_holds_no_event() -> None:
    """Nothing sent, nothing to answer."""
    assert events_in("batch", b"[]") == []


def test_lines_give_one_event_each() -> None:
    """Blank lines, carriage returns and the end of the last line don't matter."""
    assert events_in("lines", b'{"a":1}\r\n\n  \n{broken\n{"b":2}') == [
        b'{"a":1}\r',
        b"{broken",
        b'{"b":2}',
    ]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[1,", b"[1}", b"[1]x", b'["\xff', b"[" * 100_000],
    ids=["empty", "object", "cut", "wrong end", "more", "not utf-8", "deep"],
)
def test_a_batch_that_is_no_array_is_unreadable(body: bytes) -> None:
    """Where events cannot be told apart, the body as a whole is refused."""
    with pytest.raises(BodyUnreadable) as caught:
        events_in("batch", body)

    assert (caught.value.code, caught.value.http_status) == ("not_json", 400)


@pytest.mark.parametrize("shape", ["batch", "lines"])
def test_too_many_events_are_refused(shape: bodies.Shape) -> None:
    """A body of tiny events would fill the memory long before the limit of its bytes."""
    many = bodies.EVENTS_MAX + 1
    body = b"[" + b",".join([b"1"] * many) + b"]" if shape == "batch" else b"1\n" * many

    with pytest.raises(BodyUnreadable) as caught:
        events_in(shape, body)

    assert (caught.value.code, caught.value.http_status) == ("too_many_events", 413)


def test_blank_lines_are_bounded_too() -> None:
    """They hold nothing, and cost a little each."""
    assert events_in("lines", b"\n" * bodies.LINES_MAX) == []

    with pytest.raises(BodyUnreadable) as caught:
        events_in("lines", b"\n" * (bodies.LINES_MAX + 1))

    assert caught.value.code == "too_many_events"


@pytest.mark.parametrize("encoding", [None, "", "identity", "Identity"])
def test_a_plain_body_stays_as_it_is(encoding: str | None) -> None:
    """Without gzip nothing is unpacked."""
    assert unpacked(b"abc", encoding, LIMIT) == b"abc"


@given(st.lists(st.binary(max_size=3_000), min_size=1, max_size=5))
def test_gzip_members_join(parts: list[bytes]) -> None:
    """RFC 1952: a gzip file may be several members, one after the other."""
    packed = b"".join(gzip.compress(part) for part in parts)

    assert unpacked(packed, " GZIP ", LIMIT) == b"".join(parts)


def test_a_member_longer_than_a_chunk_is_unpacked() -> None:
    """What is handed on in pieces comes out whole."""
    body = bytes(n * n % 251 for n in range(90_000))
    packed = gzip.compress(body, compresslevel=0)
    assert len(packed) > 4 * bodies.CHUNK_BYTES

    assert unpacked(packed + gzip.compress(b"end"), "gzip", LIMIT) == body + b"end"


@given(st.binary(min_size=1, max_size=200), st.data())
def test_truncated_gzip_is_broken(body: bytes, data: st.DataObject) -> None:
    """A stream that ends before its end is refused, wherever it was cut."""
    packed = gzip.compress(body)
    cut = data.draw(st.integers(1, len(packed) - 1))

    with pytest.raises(BodyUnreadable) as caught:
        unpacked(packed[:cut], "gzip", LIMIT)

    assert (caught.value.code, caught.value.http_status) == ("broken_gzip", 400)


@given(st.binary(min_size=1, max_size=400))
def test_garbage_is_no_gzip(body: bytes) -> None:
    """Whatever the bytes are, only BodyUnreadable comes out."""
    with pytest.raises(BodyUnreadable):
        unpacked(b"\0" + body, "gzip", LIMIT)


def test_a_wrong_checksum_is_broken_gzip() -> None:
    """A flipped bit in the data is found by the member's CRC."""
    packed = bytearray(gzip.compress(b"abc" * 100))
    packed[-5] ^= 1

    with pytest.raises(BodyUnreadable, match="gzip"):
        unpacked(bytes(packed), "gzip", LIMIT)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_other_encodings_are_refused(encoding: str) -> None:
    """What cannot be unpacked is answered 415."""
    with pytest.raises(BodyUnreadable) as caught:
        unpacked(b"abc", encoding, LIMIT)

    assert (caught.value.code, caught.value.http_status) == ("unsupported_encoding", 415)


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_the_limit_holds_for_what_is_unpacked(encoding: str | None) -> None:
    """Exactly the limit passes, one byte more is answered 413."""
    pack = gzip.compress if encoding else bytes
    assert len(unpacked(pack(b"x" * LIMIT), encoding, LIMIT)) == LIMIT

    with pytest.raises(BodyUnreadable) as caught:
        unpacked(pack(b"x" * (LIMIT + 1)), encoding, LIMIT)

    assert (caught.value.code, caught.value.http_status) == ("body_too_large", 413)


def test_a_bomb_is_never_unpacked_whole() -> None:
    """A thousandfold body is refused at the limit, not after it has filled the memory."""
    compressor = zlib.compressobj(wbits=31)
    bomb = b"".join(compressor.compress(bytes(1_000_000)) for _ in range(50)) + compressor.flush()
    assert len(bomb) < 100_000

    tracemalloc.start()
    with pytest.raises(BodyUnreadable) as caught:
        unpacked(bomb, "gzip", LIMIT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert caught.value.code == "body_too_large"
    assert peak < 10 * LIMIT


def test_a_bomb_of_empty_members_is_refused() -> None:
    """Members that hold nothing cost time, not bytes; their number is bounded."""
    empty = gzip.compress(b"")
    assert unpacked(empty * bodies.MEMBERS_MAX, "gzip", LIMIT) == b""

    with pytest.raises(BodyUnreadable) as caught:
        unpacked(empty * (bodies.MEMBERS_MAX + 1), "gzip", LIMIT)

    assert caught.value.code == "broken_gzip"
