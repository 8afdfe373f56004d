"""What comes in and what goes on the log.

In: CloudEvents 1.0 JSON (https://github.com/cloudevents/spec, v1.0.2), with the extensions
``recordedtime``, ``receivedtime``, ``sequence`` and ``corrects``.
On the log: one ``LogRecord`` for each fact, as JSON, the same bytes in the event store, on
Kafka and in ClickHouse.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from schemas.things import Change

EVENT_ID_MAX = 200

Moment = Annotated[datetime, Meta(tz=True)]


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The envelope of one fact as a centre sends it; ``data`` is decoded by its class."""

    specversion: Literal["1.0"]
    id: Annotated[str, Meta(min_length=1, max_length=EVENT_ID_MAX)]
    source: Annotated[str, Meta(pattern=r"^/orgs/[0-9]{12}$")]
    type: str
    time: Moment
    data: msgspec.Raw
    recordedtime: Moment | None = None
    receivedtime: Moment | None = None
    sequence: int | str | None = None
    corrects: str | None = None
    """Id, from the same source, of the event that this one replaces."""
    subject: str | None = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: str | None = None


ATTRIBUTES = frozenset(CloudEvent.__struct_fields__)
"""Attributes that the platform reads; others are kept with the event, as CloudEvents asks."""


class StoredFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One fact as the event store keeps it for ever, in these bytes.

    ``prev`` is the SHA-256 (hex) of the stored bytes of the stream's previous event, empty
    for the first.
    """

    stream: str
    version: int
    id: str
    source: str
    type: str
    element: str
    subject: str
    org: str
    """Responsible organisation of the thing after this fact."""
    sender: str
    """Organisation whose system sent it."""
    occurred_at: datetime
    recorded_at: datetime
    received_at: datetime
    changes: list[Change]
    state: dict[str, Any]
    """The fields that a list of the element shows, after this fact."""
    refs: list[tuple[str, str]]
    """(element, id) of the other things that it names."""
    data: msgspec.Raw
    prev: str
    sequence: int | None = None
    missing: int = 0
    """How many of the source's sequence numbers were missing after this event."""
    corrects: str | None = None
    extensions: dict[str, Any] | None = None


class LogRecord(StoredFact, frozen=True, kw_only=True, gc=False):
    """A stored fact on the log: ``node`` and ``position`` are its identity there."""

    node: str
    position: int


class LogMark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark on Kafka, not an event: the relay has delivered a node's log up to here.

    One goes to each partition once every record up to ``position`` is acknowledged, so a
    reader of a partition knows what it has all of.  Its record has no key and the header
    ``kind: mark``; a record of an event has its stream as the key.
    """

    node: str
    position: int
    received_at: datetime
    """Nothing of the node received up to then has a later position."""
    partitions: int
    """Over how many partitions the node's records are spread."""


MARK_HEADER = ("kind", b"mark")


def log_body(node: str, position: int, stored: bytes) -> bytes:
    """The bytes of a LogRecord from those of its StoredFact, without decoding them."""
    return b'{"node":"%b","position":%d,%b' % (node.encode(), position, stored[1:])


def stream_name(element: str, id_: str) -> str:
    """The stream, and the Kafka key, of a thing."""
    return f"{element}/{id_}"


def source_of(org: str) -> str:
    """The CloudEvents source of an organisation's system."""
    return f"/orgs/{org}"
