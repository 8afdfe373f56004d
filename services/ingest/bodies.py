"""Request bodies into the raw bytes of each event.  Pure.

Three shapes, by content type: one CloudEvent, a JSON array of them, or one a line (NDJSON);
each plain or gzipped.
"""

from __future__ import annotations

import zlib
from typing import Literal

import msgspec

from services.ingest.errors import BodyUnreadable

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"
EVENTS_MAX = 50_000
LINES_MAX = 2 * EVENTS_MAX
MEMBERS_MAX = 10_000
CHUNK_BYTES = 16 * 1024
"""What is handed on of a gzip stream at once: what a member leaves over is copied."""

Shape = Literal["single", "batch", "lines"]

_SHAPES: dict[str, Shape] = {
    SINGLE: "single",
    BATCH: "batch",
    LINES: "lines",
    "application/ndjson": "lines",
    "application/json": "single",
}
_array = msgspec.json.Decoder(list[msgspec.Raw])


def shape_of(content_type: str | None) -> Shape:
    """The shape that a content type names; raises BodyUnreadable (415)."""
    name = (content_type or "").partition(";")[0].strip().lower()
    try:
        return _SHAPES[name]
    except KeyError:
        raise BodyUnreadable(
            "unsupported_content_type",
            f"send {SINGLE}, {BATCH} or {LINES}",
            http_status=415,
        ) from None


def unpacked(body: bytes, encoding: str | None, limit_bytes: int) -> bytes:
    """The body without its gzip; raises BodyUnreadable when broken or larger than the limit."""
    name = (encoding or "identity").strip().lower()
    if name not in ("gzip", "identity"):
        raise BodyUnreadable("unsupported_encoding", "send gzip or nothing", http_status=415)
    if name == "gzip":
        body = _gunzipped(body, limit_bytes)
    if len(body) > limit_bytes:
        raise too_large(limit_bytes)
    return body


def too_large(limit_bytes: int) -> BodyUnreadable:
    """The refusal of a body over the limit."""
    return BodyUnreadable(
        "body_too_large", f"a body holds at most {limit_bytes} bytes unpacked", http_status=413
    )


def _gunzipped(body: bytes, limit_bytes: int) -> bytes:
    whole, at, members = bytearray(), 0, 0
    view = memoryview(body)
    try:
        while at < len(body):
            members += 1
            if members > MEMBERS_MAX:
                raise BodyUnreadable("broken_gzip", f"more than {MEMBERS_MAX} gzip members")
            member = zlib.decompressobj(wbits=31)
            while not member.eof:
                part = view[at : at + CHUNK_BYTES]
                if not part:
                    raise BodyUnreadable("broken_gzip", "the gzip stream ends before its end")
                whole += member.decompress(part, limit_bytes + 1 - len(whole))
                if len(whole) > limit_bytes:
                    raise too_large(limit_bytes)
                at += len(part) - len(member.unused_data)
    except zlib.error as error:
        raise BodyUnreadable("broken_gzip", "the body is not a gzip stream") from error
    return bytes(whole)


def events_in(shape: Shape, body: bytes) -> list[bytes]:
    """The raw bytes of each event, in order; raises BodyUnreadable.

    ``application/json`` may hold one event or an array, as the CloudEvents HTTP binding's
    senders do.
    """
    if shape == "lines":
        if body.count(b"\n") > LINES_MAX:
            raise too_many(LINES_MAX, "lines")
        return _few([line for line in body.split(b"\n") if line.strip()])
    if shape == "single" and not body.lstrip().startswith(b"["):
        return [body]
    try:
        return _few([bytes(raw) for raw in _array.decode(body)])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyUnreadable("not_json", "the body is not a JSON array of events") from error


def _few(events: list[bytes]) -> list[bytes]:
    if len(events) > EVENTS_MAX:
        raise too_many(EVENTS_MAX, "events")
    return events


def too_many(limit: int, what: str) -> BodyUnreadable:
    """The refusal of a body that would cost more than its bytes."""
    return BodyUnreadable(
        "too_many_events", f"a body holds at most {limit} {what}", http_status=413
    )
