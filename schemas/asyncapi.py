"""AsyncAPI 3.0 of what moves without being asked for: the three topics and the live socket.

``asyncapi_topics`` describes the topics, this module ``/v1/live``, the socket of the wall.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas import asyncapi_topics, frames
from schemas.field_docs import field_docs

Schema = dict[str, Any]

_SOCKET_SENDS = {
    "Welcome": "The token is good: `ok` of `auth`.",
    "Subscribed": "A snapshot or the missed patches: `ok` of `subscribe`.",
    "Replaying": "Where a replay stands: `ok` of `replay`, `seek`, `pause`, `resume`, `stop`.",
    "Done": "Carried out: `ok` of `unsubscribe` and `ping`.",
    "Failure": "A command was not carried out.",
    "PatchPush": "The next step of a channel.",
    "SnapshotPush": "Replaces what the client holds.",
    "ReplayPush": "All panels of a replay at one moment.",
    "Heartbeat": "The server is there.",
}
_REPLIES = ("Welcome", "Subscribed", "Replaying", "Done", "Failure")
_PUSHES = ("PatchPush", "SnapshotPush", "ReplayPush", "Heartbeat")


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
            **asyncapi_topics.channels(),
            "live": {
                "address": "/v1/live",
                "description": _live_description(),
                "messages": {name: _message(name) for name in ("Command", *_SOCKET_SENDS)},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            },
        },
        "operations": {
            **asyncapi_topics.operations(),
            "receiveCommand": {
                **_operation("receive", "live", "Command"),
                "reply": {
                    "channel": {"$ref": "#/channels/live"},
                    "messages": [_on("live", name) for name in _REPLIES],
                },
            },
            "push": _operation("send", "live", *_PUSHES),
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
    found = asyncapi_topics.messages()
    found["Command"] = {
        "name": "Command",
        "title": "A number and exactly one order.",
        "payload": {"$ref": "#/components/schemas/Command"},
    }
    for name, title in _SOCKET_SENDS.items():
        found[name] = {"name": name, "title": title, "payload": _payload(name)}
    return found


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
