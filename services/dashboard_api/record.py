"""The story of a case as a record: whole, masked, with the hash of each event.  Pure.

As JSON it is canonical: members sorted by name, no blanks between, UTF-8, moments in RFC 3339.
``sha256`` is the SHA-256 of the same JSON without that one member, so whoever holds the file can
count it again with any tool.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

FORMAT = "yiping.case-record/1"
HASH = "sha256"

_encode = msgspec.json.Encoder(order="sorted").encode


class Exported(NamedTuple):
    """When a record was made, and for whom: role and organisation, no name."""

    at: datetime
    role: str
    org: str
    org_name: str | None
    time_zone: str
    """In which a printed record shows its moments; the JSON holds them in UTC."""


def record_of(story: Mapping[str, Any], exported: Exported) -> dict[str, Any]:
    """The record of a timeline (see ``timeline.Timelines.timeline``), with its hash."""
    record = {"format": FORMAT, **story, "exported": exported._asdict()}
    return {**record, HASH: sha256(_encode(record)).hexdigest()}


def as_json(record: Mapping[str, Any]) -> bytes:
    """The record in its canonical bytes."""
    return _encode(record)
