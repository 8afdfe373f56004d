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

from schemas import asyncapi_topics, envelope, frames
from schemas.asyncapi import asyncapi
from schemas.generate import json_schemas
from schemas.receipts import Answer, Receipt, RequestError

MOMENT = datetime(2026, 1, 1, 8, tzinfo=UTC)
ORG = "350000000000"
FRAME = {
    "panel": "person", "org": ORG, "as_of": "2026-01-01T08:00:00Z", "total": 2,
    "statuses": {"waiting": 2}, "children": {ORG: {"total": 2, "statuses": {"waiting": 2}}},
    "counties": {"350203000000": 2}, "trend": {"2026-01-01T08:00:00Z": None},
}  # fmt: skip
REPLAYING = {
    "replay": "r-1", "org": ORG, "panels": ["case"], "from": "2026-01-01T08:00:00Z",
    "to": "2026-01-01T09:00:00Z", "moment": "2026-01-01T08:00:00Z", "speed": 60,
    "state": "playing",
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


def test_the_channels() -> None:
    """Three topics and the socket, each used by an operation."""
    addresses = [channel["address"] for channel in DOCUMENT["channels"].values()]
    operations = DOCUMENT["operations"].values()
    used = {one["channel"]["$ref"].rpartition("/")[2] for one in operations}
    used |= {o["reply"]["channel"]["$ref"].rpartition("/")[2] for o in operations if "reply" in o}

    assert addresses == [
        "centre.events.v1",
        "centre.receipts.v1",
        "enforcement.events.v1",
        "/v1/live",
    ]
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
        ("Command", as_sent(frames.Command(id=7, replay=frames.Replay(
            org=ORG, panels=["case"], from_=MOMENT, to=MOMENT, speed=60)))),
        ("Command", {"id": 8, "seek": {"moment": "2026-01-01T08:00:00Z"}}),
        ("Command", {"id": 8, "resume": {"speed": 600}}),
        ("Command", as_sent(frames.Command(id=8, pause=frames.Pause()))),
        ("Command", as_sent(frames.Command(id=8, stop=frames.Stop()))),
        ("Replaying", {"id": 7, "ok": REPLAYING}),
        ("ReplayPush", as_sent(frames.ReplayPush(
            replay="r-1", n=0, moment=MOMENT, speed=60, state="playing", frames={
                "person": frames.PanelChange(snapshot=FRAME),
                "case": frames.PanelChange(patch={"total": None})}))),
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
        {"id": 1, "replay": {"org": ORG, "panels": ["case"], "to": "2026-01-01T08:00:00Z"}},
        {"id": 1, "seek": {}},
    ],
)
def test_bad_commands_are_refused(sent: dict[str, Any]) -> None:
    """Exactly one order, of a known kind."""
    assert list(payload("Command").iter_errors(sent)) != []


def of_topic(message: str, part: str = "payload") -> Draft202012Validator:
    """A validator of the value (or the headers) of a message on Kafka."""
    files = [(name, Resource.from_contents(one)) for name, one in json_schemas().items()]
    said = DOCUMENT["components"]["messages"][message][part]
    schema = said["schema"] if part == "payload" else said
    return Draft202012Validator(schema, registry=Registry().with_resources(files))


@pytest.mark.parametrize("message", ["CloudEvent", "LogRecord", "LogMark", "Receipt"])
def test_what_is_on_the_topics_is_held_to_the_schemas_of_their_own_files(message: str) -> None:
    """The messages point at the generated JSON Schemas, which refuse something empty."""
    assert list(DOCUMENT["components"]["messages"][message]["payload"]["schema"]) == ["$ref"]
    assert [error.validator for error in of_topic(message).iter_errors({})] != []


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ("LogMark", envelope.LogMark(node="main", position=3, received_at=MOMENT, partitions=4)),
        ("Receipt", Receipt(topic="t", partition=0, offset=1, total=1, results=[
            Answer("a", "accepted", 7, "main")])),
        ("Receipt", Receipt(topic="t", partition=0, offset=1, total=1, error=RequestError(
            401, "token_refused", "…"), results=[
            Answer(None, "quarantined", quarantine_id="q", error={"code": "token_refused"})])),
    ],
)  # fmt: skip
def test_what_the_platform_sends_fits_its_schema(message: str, sent: msgspec.Struct) -> None:
    """As it stands on the wire; without a required field it does not."""
    plain = as_sent(sent)

    assert list(of_topic(message).iter_errors(plain)) == []
    for field in ("partitions", "results"):
        rest = {k: v for k, v in plain.items() if k != field}
        assert rest == plain or list(of_topic(message).iter_errors(rest)) != []


def test_a_mark_is_told_from_an_event_by_its_header() -> None:
    """And by its key: an event has one, a mark has none."""
    name, value = envelope.MARK_HEADER
    messages = DOCUMENT["components"]["messages"]

    assert of_topic("LogMark", "headers").is_valid({name: value.decode()})
    assert not of_topic("LogMark", "headers").is_valid({name: "event"})
    assert "key" in messages["LogRecord"]["bindings"]["kafka"]
    assert "bindings" not in messages["LogMark"]


def test_a_sender_names_type_and_token() -> None:
    """Each shape of a message has its content type; the token is asked for."""
    for message, content_type in asyncapi_topics.CONTENT_TYPES.items():
        headers = {"content-type": content_type, "authorization": "Bearer T"}
        assert of_topic(message, "headers").is_valid(headers)
        assert not of_topic(message, "headers").is_valid({**headers, "content-type": "text/xml"})
        assert not of_topic(message, "headers").is_valid({"content-type": content_type})
