"""CloudEvents as a centre sends them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from schemas.classes import CLASSES

PROVINCE = "350000000000"
COUNTY = "350203000000"
STATION = "350203500000"
ELSEWHERE = "350102000000"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""A moment shortly before which made-up facts happened."""

_MINIMAL: dict[str, dict[str, Any]] = {
    "incident.received": {"jq_no": "JQ1"},
    "incident.dispatched": {"jq_no": "JQ1"},
    "incident.disposed": {"jq_no": "JQ1"},
    "incident.verified": {"jq_no": "JQ1", "verdict": "passed"},
    "person.admitted": {"person_no": "R1"},
    "person.searched": {"person_no": "R1"},
    "person.sampled": {"person_no": "R1"},
    "person.moved": {"person_no": "R1", "to_kind": "waiting"},
    "person.checked": {"person_no": "R1"},
    "person.interviewed": {
        "person_no": "R1",
        "kind": "question",
        "start": "2026-11-23T11:00:00+08:00",
    },
    "person.rights_given": {"person_no": "R1", "right_code": "01"},
    "person.released": {"person_no": "R1"},
    "property.seized": {"item_no": "W1"},
    "property.stored": {"item_no": "W1"},
    "property.moved": {"item_no": "W1", "action": "lend"},
    "property.disposed": {"item_no": "W1", "action": "返还"},
    "case.accepted": {"case_no": "A1", "decision": "accept"},
    "case.measured": {"case_no": "A1", "measure": "拘留"},
    "case.documented": {"case_no": "A1", "doc_type": "受案登记表"},
    "case.decided": {"case_no": "A1", "decision": "拘留5日"},
    "case.transferred": {"case_no": "A1", "result": "closed"},
    "room.status_changed": {"room_id": "询1"},
    "recording.status_changed": {"room_id": "询1", "channel": "1", "state": "recording"},
    "dossier.compiled": {"dossier_no": "J1"},
    "dossier.moved": {"dossier_no": "J1", "action": "store"},
}


def minimal(type_: str, subject: str | None = None) -> dict[str, Any]:
    """``data`` of that class with its required fields alone, about the thing ``subject``."""
    data = dict(_MINIMAL[type_])
    if subject is not None:
        data[CLASSES[type_].subject] = subject
    return data


def event(
    type_: str = "person.admitted",
    id_: str = "1",
    *,
    org: str = COUNTY,
    subject: str | None = None,
    time: datetime | str = NOON - timedelta(hours=1),
    data: dict[str, Any] | None = None,
    **attributes: Any,
) -> dict[str, Any]:
    """One event of ``org``; ``data`` adds to the required fields, ``attributes`` to the rest."""
    return {
        "specversion": "1.0",
        "id": id_,
        "source": f"/orgs/{org}",
        "type": type_,
        "time": time if isinstance(time, str) else time.isoformat(),
        "data": minimal(type_, subject) | (data or {}),
        **attributes,
    }


def without(event: dict[str, Any], *names: str) -> dict[str, Any]:
    """The event without some of its attributes."""
    return {name: value for name, value in event.items() if name not in names}


def encoded(event: Any) -> bytes:
    """Its JSON."""
    return msgspec.json.encode(event)


def batch(events: Iterable[Any]) -> bytes:
    """A JSON array of events."""
    return msgspec.json.encode(list(events))


def lines(events: Iterable[Any]) -> bytes:
    """One event a line."""
    return b"\n".join(msgspec.json.encode(one) for one in events)
