"""A record to print: a small case with everything that its pages show."""

from __future__ import annotations

from typing import Any

import msgspec

HASH = "0123456789abcdef" * 4


def event(id_: str, type_: str, element: str, subject: str, **more: Any) -> dict[str, Any]:
    """An event as the timeline tells it, as far as it is printed."""
    return {
        "id": id_,
        "type": type_,
        "element": element,
        "subject": subject,
        "occurred_at": "2026-11-22T12:00:00Z",
        "recorded_at": "2026-11-22T12:00:30Z",
        "received_at": "2026-11-22T12:01:00Z",
        "late": False,
        "late_s": 30.0,
        "corrects": None,
        "corrected_by": None,
        "unusual": False,
        "changes": [],
        "hash": HASH,
        "chain": "checked",
        **more,
    }


def change(element: str, before: str | None, after: str) -> dict[str, Any]:
    """A change as the timeline tells it."""
    return {"element": element, "id": "X", "from": before, "to": after}


def record(*events: dict[str, Any], case_no: str = "A3502032026110001") -> dict[str, Any]:
    """A record of some events, with one gap."""
    return {
        "format": "yiping.case-record/1",
        "case_no": case_no,
        "axis": "occurred",
        "as_of": "2026-11-22T13:00:00Z",
        "exported": {
            "at": "2026-11-23T01:02:03Z",
            "role": "legal",
            "org": "350203000000",
            "org_name": "思明区",
            "time_zone": "Asia/Shanghai",
        },
        "things": [
            {
                "element": "person",
                "id": "R1",
                "spans": [],
                "gaps": [{"kind": "out", "from": "2026-11-22T12:10:00Z", "to": None}],
                "overlaps": [],
            }
        ],
        "events": list(events),
        "sha256": "f" * 64,
    }


def written(*events: dict[str, Any]) -> bytes:
    """The record as the printer gets it."""
    return msgspec.json.encode(record(*events))
