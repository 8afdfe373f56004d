"""AsyncAPI of the logs and of the live socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from schemas import frames
from schemas.asyncapi import asyncapi
from schemas.generate import json_schemas

MOMENT = datetime(2026, 1, 1, 8, tzinfo=UTC)
ORG = "350000000000"
FRAME = {
    "panel": "person", "org": ORG, "as_of": "2026-01-01T08:00:00Z", "total": 2,
    "statuses": {"waiting": 2}, "children": {ORG: {"total": 2, "statuses": {"waiting": 2}}},
    "counties": {"350203000000": 2}, "trend": {"2026-01-01T08:00:00Z": None},
}  # fmt: skip
DOCUMENT = asyncapi("1.0")


def references(part: Any) -> Iterator[str]:
    """Every ``$ref`` of a document."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for one in part:
            yield from references(one)


def payload(message: str) -> Draft202012Validator:
    """A validator of one message of the socket."""
    schema = {
        **DOCUMENT["components"]["messages"][message]["payload"],
        "components": DOCUMENT["components"],
    }
    return Draft202012Validator(schema)


def as_sent(message: msgspec.Struct) -> Any:
    """A message as it stands on the wire."""
    return json.loads(msgspec.json.encode(message))


def test_every_reference_leads_somewhere() -> None:
    """Within the document, or to one of the generated files."""
    files = json_schemas()
    for reference in references(DOCUMENT):
        if reference in files:
            continue
        part: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]


def test_the_three_channels() -> None:
    """Two logs and the socket, each used by an operation."""
    addresses = [channel["address"] for channel in DOCUMENT["channels"].values()]
    used = {one["channel"]["$ref"].rpartition("/")[2] for one in DOCUMENT["operations"].values()}

    assert addresses == ["centre.events.v1", "enforcement.events.v1", "/v1/live"]
    assert used == set(DOCUMENT["channels"])
    assert DOCUMENT["asyncapi"] == "3.0.0"


def test_every_close_code_is_told() -> None:
    """A client reads in one place what to do after each."""
    said = DOCUMENT["channels"]["live"]["description"]

    assert all(f"{code}: " in said for code in frames.CLOSE_CODES)


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ("Command", as_sent(frames.Command(id=1, auth=frames.Authenticate(token="t")))),
        ("Command", as_sent(frames.Command(id=2, ping=frames.Ping()))),
        ("Command", as_sent(frames.Command(id=3, unsubscribe=frames.Unsubscribe(channel="c")))),
        ("Command", {"id": 2, "subscribe": {"panel": "person", "org": ORG, "offset": 4}}),
        ("Subscribed", {"id": 2, "ok": {"channel": "person/35", "epoch": "k", "offset": 41,
                                        "recovered": False, "snapshot": FRAME}}),
        ("Subscribed", {"id": 2, "ok": {"channel": "person/35", "epoch": "k", "offset": 42,
                                        "recovered": True, "patches": [
                                            {"offset": 42, "as_of": "2026-01-01T08:00:00Z",
                                             "patch": {"total": 3}}]}}),
        ("Done", {"id": 4, "ok": {}}),
        ("Failure", {"id": 2, "error": {"code": "out_of_scope", "message": "…",
                                        "temporary": False}}),
        ("PatchPush", as_sent(frames.PatchPush(channel="c", offset=1, as_of=MOMENT, patch={}))),
        ("SnapshotPush", as_sent(frames.SnapshotPush(channel="c", epoch="k", offset=1,
                                                     snapshot=FRAME))),
        ("Heartbeat", as_sent(frames.Heartbeat(time=MOMENT, as_of=MOMENT))),
    ],
)  # fmt: skip
def test_messages_of_the_socket_fit_their_schema(message: str, sent: dict[str, Any]) -> None:
    """What is sent fits; without any one of its required fields it does not."""
    validator = payload(message)

    assert list(validator.iter_errors(sent)) == []
    for field in sent:
        rest = {k: v for k, v in sent.items() if k != field}
        assert list(validator.iter_errors(rest)) != []


@pytest.mark.parametrize(
    "sent",
    [
        {"id": 1},
        {"id": 1, "ping": {}, "auth": {"token": "t"}},
        {"id": "1", "ping": {}},
        {"id": 1, "dance": {}},
        {"id": 1, "subscribe": {"panel": "person", "org": "35"}},
    ],
)
def test_bad_commands_are_refused(sent: dict[str, Any]) -> None:
    """Exactly one order, of a known kind."""
    assert list(payload("Command").iter_errors(sent)) != []


def test_events_are_held_to_the_schemas_of_their_own_files() -> None:
    """The messages of the two logs point at the generated JSON Schemas."""
    files = [(name, Resource.from_contents(one)) for name, one in json_schemas().items()]
    registry = Registry().with_resources(files)
    for name, file in (("CloudEvent", "cloud_event.json"), ("LogRecord", "log_record.json")):
        schema = DOCUMENT["components"]["messages"][name]["payload"]["schema"]
        assert schema == {"$ref": file}
        validator = Draft202012Validator(schema, registry=registry)
        assert [error.validator for error in validator.iter_errors({})] != []
