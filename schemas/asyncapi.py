"""AsyncAPI 3.0 of what moves without being asked for: the two logs and the live socket.

``centre.events.v1`` takes what centres send (as ``POST /v1/events`` does),
``enforcement.events.v1`` carries what was recorded, ``/v1/live`` is the socket of the wall.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas import frames
from schemas.field_docs import field_docs

Schema = dict[str, Any]

_SOCKET_SENDS = {
    "Welcome": "The token is good: `ok` of `auth`.",
    "Subscribed": "A snapshot or the missed patches: `ok` of `subscribe`.",
    "Done": "Carried out: `ok` of `unsubscribe` and `ping`.",
    "Failure": "A command was not carried out.",
    "PatchPush": "The next step of a channel.",
    "SnapshotPush": "Replaces what the client holds.",
    "Heartbeat": "The server is there.",
}
_REPLIES = ("Welcome", "Subscribed", "Done", "Failure")


def asyncapi(version: str) -> Schema:
    """The whole document; ``version`` is the product's."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Yiping (一屏)",
            "version": version,
            "description": "Facts come in, are kept, and are seen on one screen.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "centreEvents": {
                "address": "centre.events.v1",
                "description": "Facts as centres send them; key: `source`.",
                "messages": {"CloudEvent": _message("CloudEvent")},
            },
            "enforcementEvents": {
                "address": "enforcement.events.v1",
                "description": "Recorded facts in the order of their nodes; key: `stream`.",
                "messages": {"LogRecord": _message("LogRecord")},
            },
            "live": {
                "address": "/v1/live",
                "description": _live_description(),
                "messages": {name: _message(name) for name in ("Command", *_SOCKET_SENDS)},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            },
        },
        "operations": {
            "receiveCentreEvents": _operation("receive", "centreEvents", "CloudEvent"),
            "sendEnforcementEvents": _operation("send", "enforcementEvents", "LogRecord"),
            "receiveCommand": {
                **_operation("receive", "live", "Command"),
                "reply": {
                    "channel": {"$ref": "#/channels/live"},
                    "messages": [_on("live", name) for name in _REPLIES],
                },
            },
            "push": _operation("send", "live", "PatchPush", "SnapshotPush", "Heartbeat"),
        },
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _live_description() -> str:
    codes = " ".join(f"{code}: {text}" for code, text in frames.CLOSE_CODES.items())
    return (
        "The first message authenticates. Commands carry an id, replies carry it back, pushes"
        f" have none. Close codes below 3500 ask to reconnect, others to stop. {codes}"
    )


def _message(name: str) -> Schema:
    return {"$ref": f"#/components/messages/{name}"}


def _on(channel: str, message: str) -> Schema:
    return {"$ref": f"#/channels/{channel}/messages/{message}"}


def _operation(action: str, channel: str, *messages: str) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [_on(channel, name) for name in messages],
    }


def _messages() -> Schema:
    files = {"CloudEvent": "cloud_event.json", "LogRecord": "log_record.json"}
    types = {"CloudEvent": "application/cloudevents+json", "LogRecord": "application/json"}
    found: Schema = {
        name: {"name": name, "contentType": types[name], "payload": _foreign(file)}
        for name, file in files.items()
    }
    found["Command"] = {
        "name": "Command",
        "title": "A number and exactly one order.",
        "payload": {"$ref": "#/components/schemas/Command"},
    }
    for name, title in _SOCKET_SENDS.items():
        found[name] = {"name": name, "title": title, "payload": _payload(name)}
    return found


def _foreign(file: str) -> Schema:
    """A payload that stands in a file of its own, in JSON Schema's dialect."""
    return {
        "schemaFormat": "application/schema+json;version=draft-2020-12",
        "schema": {"$ref": file},
    }


def _payload(name: str) -> Schema:
    if name not in _REPLIES:
        return {"$ref": f"#/components/schemas/{name}"}
    key = "error" if name == "Failure" else "ok"
    inner = {"type": "object"} if name == "Done" else {"$ref": f"#/components/schemas/{name}"}
    return {
        "type": "object",
        "properties": {"id": {"type": "integer"}, key: inner},
        "required": ["id", key],
        "additionalProperties": False,
    }


def _schemas() -> Schema:
    structs = [
        one
        for one in vars(frames).values()
        if isinstance(one, type) and issubclass(one, msgspec.Struct)
    ]
    _, components = msgspec.json.schema_components(
        structs, ref_template="#/components/schemas/{name}"
    )
    for struct in structs:
        schema = components[struct.__name__]
        for name, doc in field_docs(struct).items():
            schema["properties"][name]["description"] = doc
        if "snapshot" in schema["properties"]:
            schema["properties"]["snapshot"] = _either_frame()
    orders = [f for f in components["Command"]["properties"] if f != "id"]
    components["Command"]["oneOf"] = [{"required": [order]} for order in orders]
    return dict(sorted(components.items()))


def _either_frame() -> Schema:
    names = ("ElementFrame", "FreshnessFrame")
    return {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}
