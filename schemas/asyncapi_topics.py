"""AsyncAPI of the three Kafka topics: what centres publish, what they are told, what the log says.

A record has a key, headers and a value; which of them means what stands here for each topic.
"""

from __future__ import annotations

from typing import Any

from schemas.envelope import MARK_HEADER

Schema = dict[str, Any]

CENTRE_EVENTS = "centre.events.v1"
CENTRE_RECEIPTS = "centre.receipts.v1"
ENFORCEMENT_EVENTS = "enforcement.events.v1"

_DIALECT = "application/schema+json;version=draft-2020-12"
_BINDING = {"bindingVersion": "0.5.0"}
_CHANNELS = {
    "centreEvents": (
        CENTRE_EVENTS,
        "Facts as centres send them (CloudEvents Kafka binding 1.0.2). A message is what a body of"
        " `POST /v1/events` is. In the binary mode each attribute is a header `ce_NAME` and the"
        " value is the `data`. Events with one key stay in order.",
        ("CloudEvent", "CloudEventBatch", "CloudEventLines"),
    ),
    "centreReceipts": (
        CENTRE_RECEIPTS,
        "One answer to each message, once its events are durable; it may come more than once.",
        ("Receipt",),
    ),
    "enforcementEvents": (
        ENFORCEMENT_EVENTS,
        "Recorded facts. Those of one stream lie on one partition (CRC-32C of the key modulo the"
        " number of partitions), in their order; any may come more than once, the same in `node`"
        " and `position`. A mark goes to each partition.",
        ("LogRecord", "LogMark"),
    ),
}
_FILES = {
    "CloudEvent": "cloud_event.json",
    "Receipt": "receipt.json",
    "LogRecord": "log_record.json",
    "LogMark": "log_mark.json",
}
CONTENT_TYPES = {
    "CloudEvent": "application/cloudevents+json",
    "CloudEventBatch": "application/cloudevents-batch+json",
    "CloudEventLines": "application/x-ndjson",
}
_KEYS = {
    "CloudEvent": "Best the thing that the facts are of; facts of one key stay in order.",
    "CloudEventBatch": "Best the sender's own; facts of one key stay in order.",
    "CloudEventLines": "Best the sender's own; facts of one key stay in order.",
    "Receipt": "The message's own key, else the organisation of its token.",
    "LogRecord": "`stream` of the value.",
}


def channels() -> Schema:
    """The three topics."""
    return {
        name: {
            "address": address,
            "description": description,
            "messages": {m: {"$ref": f"#/components/messages/{m}"} for m in messages},
            "bindings": {"kafka": {"topic": address, **_BINDING}},
        }
        for name, (address, description, messages) in _CHANNELS.items()
    }


def operations() -> Schema:
    """Who does what on them, seen from the platform."""
    return {
        "receiveCentreEvents": {
            **_operation("receive", "centreEvents"),
            "reply": {
                "channel": {"$ref": "#/channels/centreReceipts"},
                "messages": [_on("centreReceipts", "Receipt")],
            },
        },
        "sendEnforcementEvents": _operation("send", "enforcementEvents"),
    }


def messages() -> Schema:
    """The messages by name."""
    found = {name: _message(name, {"$ref": file}) for name, file in _FILES.items()}
    event = {"$ref": _FILES["CloudEvent"]}
    found["CloudEventBatch"] = _message("CloudEventBatch", {"type": "array", "items": event})
    found["CloudEventLines"] = _message(
        "CloudEventLines", {"type": "string", "description": "One event a line."}
    )
    for name, content_type in CONTENT_TYPES.items():
        found[name]["headers"] = _sender_headers(content_type)
    mark, value = MARK_HEADER
    found["LogMark"]["headers"] = _headers({mark: {"const": value.decode()}}, mark)
    found["Receipt"]["headers"] = _headers(
        {"content-type": {"const": "application/json"}}, "content-type"
    )
    return found


def _operation(action: str, channel: str) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [_on(channel, message) for message in _CHANNELS[channel][2]],
    }


def _on(channel: str, message: str) -> Schema:
    return {"$ref": f"#/channels/{channel}/messages/{message}"}


def _message(name: str, schema: Schema) -> Schema:
    """A payload in JSON Schema's dialect, and what its key is."""
    message: Schema = {
        "name": name,
        "contentType": CONTENT_TYPES.get(name, "application/json"),
        "payload": {"schemaFormat": _DIALECT, "schema": schema},
    }
    if name in _KEYS:
        key = {"type": "string", "description": _KEYS[name]}
        message["bindings"] = {"kafka": {"key": key, **_BINDING}}
    return message


def _sender_headers(content_type: str) -> Schema:
    properties = {
        "content-type": {"const": content_type},
        "authorization": {
            "type": "string",
            "pattern": "^[Bb]earer .+",
            "description": "`Bearer TOKEN`, a token of a centre or an importer.",
        },
        "content-encoding": {"enum": ["gzip", "identity"]},
    }
    return _headers(properties, "content-type", "authorization")


def _headers(properties: Schema, *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}
