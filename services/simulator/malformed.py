"""Events that a door must refuse, or take although they look odd.  Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from schemas.classes import CLASSES
from services.simulator.engine import Event
from services.simulator.message import ACCEPTED, Expected, refused

NEEDS_SCOPE = frozenset({"out_of_scope", "received_time_not_allowed"})
NEEDS_IMPORT = frozenset({"received_out_of_order"})
BAD_TIME = {
    "naive_time": "2026-01-02T03:04:05",
    "time_in_future": "2126-01-01T00:00:00+08:00",
    "time_before_1990": "1989-12-31T00:00:00Z",
}
LONG_AGO = "1991-01-01T00:00:00+08:00"

_encoder = msgspec.json.Encoder()


class Malformed(NamedTuple):
    """An event as plain values, with what is wrong about it."""

    id: str | None
    plain: dict[str, Any]
    expected: Expected
    cut: bool = False

    def body(self, received: datetime | None) -> bytes:
        """The bytes that are sent; ``received`` where the sender states it."""
        if received is not None and "receivedtime" not in self.plain:
            self.plain["receivedtime"] = received.isoformat()
        body = _encoder.encode(self.plain)
        return body[: len(body) // 2] if self.cut else body


def malformed(kind: str, event: Event, new_id: str, stranger: str) -> Malformed:
    """A copy of a good event under a new id, spoilt in one of the ways of ``KINDS``."""
    plain = msgspec.to_builtins(event)
    plain["id"] = new_id
    plain.pop("sequence", None)
    return KINDS[kind](plain, stranger)


def _data(plain: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = plain["data"]
    return data


def _subject(plain: dict[str, Any]) -> str:
    return CLASSES[plain["type"]].subject


def _made(plain: dict[str, Any], code: str, path: str) -> Malformed:
    return Malformed(plain["id"], plain, refused(code, path))


def _not_json(plain: dict[str, Any], _stranger: str) -> Malformed:
    return Malformed(None, plain, refused("not_json", ""), cut=True)


def _missing_field(plain: dict[str, Any], _stranger: str) -> Malformed:
    field = _subject(plain)
    del _data(plain)[field]
    return _made(plain, "missing_field", f"data.{field}")


def _missing_attribute(plain: dict[str, Any], _stranger: str) -> Malformed:
    del plain["time"]
    return _made(plain, "not_cloudevent", "time")


def _wrong_type(plain: dict[str, Any], _stranger: str) -> Malformed:
    field = _subject(plain)
    _data(plain)[field] = 12345
    return _made(plain, "wrong_type", f"data.{field}")


def _wrong_value(plain: dict[str, Any], stranger: str) -> Malformed:
    """A word that a field with few words does not know."""
    hints = get_type_hints(CLASSES[plain["type"]].struct)
    field = next((f for f, hint in hints.items() if _is_literal(hint)), None)
    if field is None:
        return _wrong_type(plain, stranger)
    _data(plain)[field] = "something else"
    return _made(plain, "wrong_value", f"data.{field}")


def _is_literal(hint: Any) -> bool:
    return get_origin(hint) is Literal or any(_is_literal(inner) for inner in get_args(hint))


def _unknown_field(plain: dict[str, Any], _stranger: str) -> Malformed:
    _data(plain)["colour"] = "blue"
    return _made(plain, "unknown_field", "data.colour")


def _unknown_class(plain: dict[str, Any], _stranger: str) -> Malformed:
    plain["type"] = "incident.forgotten"
    return _made(plain, "unknown_class", "type")


def _bad_time(kind: str) -> Callable[[dict[str, Any], str], Malformed]:
    def spoil(plain: dict[str, Any], _stranger: str) -> Malformed:
        plain["time"] = BAD_TIME[kind]
        return _made(plain, kind, "time")

    return spoil


def _unknown_org(plain: dict[str, Any], _stranger: str) -> Malformed:
    _data(plain)["org"] = "990000000000"
    return _made(plain, "unknown_org", "data.org")


def _unknown_source(plain: dict[str, Any], _stranger: str) -> Malformed:
    plain["source"] = "/orgs/990000000000"
    return _made(plain, "unknown_org", "source")


def _out_of_scope(plain: dict[str, Any], stranger: str) -> Malformed:
    _data(plain)["org"] = stranger
    return _made(plain, "out_of_scope", "data.org")


def _received_time_not_allowed(plain: dict[str, Any], _stranger: str) -> Malformed:
    plain["receivedtime"] = plain["recordedtime"]
    return _made(plain, "received_time_not_allowed", "receivedtime")


def _received_out_of_order(plain: dict[str, Any], _stranger: str) -> Malformed:
    plain["receivedtime"] = LONG_AGO
    return _made(plain, "received_out_of_order", "receivedtime")


def _correction_of_itself(plain: dict[str, Any], _stranger: str) -> Malformed:
    plain["corrects"] = plain["id"]
    return _made(plain, "correction_of_itself", "corrects")


def _blank(plain: dict[str, Any], _stranger: str) -> Malformed:
    """A blank in a field that is not essential refuses nothing."""
    _data(plain)["evidence"] = ""
    return Malformed(plain["id"], plain, ACCEPTED)


def _extended(plain: dict[str, Any], _stranger: str) -> Malformed:
    """An attribute that the platform does not know is kept."""
    plain["traceparent"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    return Malformed(plain["id"], plain, ACCEPTED)


KINDS: dict[str, Callable[[dict[str, Any], str], Malformed]] = {
    "not_json": _not_json,
    "missing_field": _missing_field,
    "missing_attribute": _missing_attribute,
    "wrong_type": _wrong_type,
    "wrong_value": _wrong_value,
    "unknown_field": _unknown_field,
    "unknown_class": _unknown_class,
    "naive_time": _bad_time("naive_time"),
    "time_in_future": _bad_time("time_in_future"),
    "time_before_1990": _bad_time("time_before_1990"),
    "unknown_org": _unknown_org,
    "unknown_source": _unknown_source,
    "out_of_scope": _out_of_scope,
    "received_time_not_allowed": _received_time_not_allowed,
    "received_out_of_order": _received_out_of_order,
    "correction_of_itself": _correction_of_itself,
    "blank": _blank,
    "extended": _extended,
}
