"""What a client of the socket may say, and what it is told.  Pure.

Rubbish is answered with an error; a client that goes on sending it is closed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from schemas.elements import ELEMENTS
from schemas.frames import Command, Failure, Heartbeat, Welcome
from services.dashboard_api.errors import Refused
from services.dashboard_api.panels import freshness

PANELS = (*ELEMENTS, freshness.PANEL)
GOING_DOWN, NO_TOKEN, TOO_SLOW = 3001, 3002, 3008
TOKEN_REFUSED, BAD_MESSAGE, ORIGIN_REFUSED, TOO_MANY = 3500, 3501, 3502, 3503

_ORDERS = tuple(name for name in Command.__struct_fields__ if name != "id")
_encode = msgspec.json.Encoder().encode


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one client may ask for."""

    message_bytes: int = 64 * 1024
    subscriptions: int = 64
    bad_messages: int = 5
    commands_per_s: int = 100
    """A client that sends more waits for its answers."""
    token_within_s: float = 10.0
    heartbeat_s: float = 5.0
    spare_bytes: int = 256 * 1024
    """With more than this unread, a client is spared frames and gets the newest state later."""
    hopeless_s: float = 20.0
    """A client that has not read for so long is closed."""
    replays_per_user: int = 4
    """Replays at once of one token."""
    replays: int = 64
    """Replays at once of all."""


class _Numbered(msgspec.Struct):
    id: int


_command = msgspec.json.Decoder(Command)
_numbered = msgspec.json.Decoder(_Numbered)


def command_in(message: str | bytes) -> Command:
    """The command that a message holds; raises Refused for anything else."""
    if isinstance(message, bytes):
        raise Refused("bad_message", "send text, not binary")
    try:
        command = _command.decode(message)
    except msgspec.MsgspecError as error:
        raise Refused("bad_message", f"not a command: {_shape_of(error)}") from None
    orders = (getattr(command, name) for name in _ORDERS)
    if sum(order is not None for order in orders) != 1:
        raise Refused("bad_message", "a command holds exactly one order")
    return command


def id_in(message: str | bytes) -> int | None:
    """The number of a command that may be rubbish otherwise."""
    try:
        return _numbered.decode(message).id
    except (msgspec.MsgspecError, UnicodeError):
        return None


def _shape_of(error: msgspec.MsgspecError) -> str:
    """Where a message has the wrong shape; texts of plain JSON errors say no more than that."""
    return str(error) if isinstance(error, msgspec.ValidationError) else "no JSON"


def done(id_: int, ok: Any) -> bytes:
    """The answer to a command that was carried out."""
    return _encode({"id": id_, "ok": ok})


def failed(id_: int | None, refused: Refused) -> bytes:
    """The answer to one that was not."""
    failure = Failure(code=refused.code, message=refused.message, temporary=refused.temporary)
    return _encode({"id": id_, "error": failure})


def welcome(
    id_: int, *, server: str, time: datetime, org: str, role: str, heartbeat_s: float
) -> bytes:
    """The answer to a good token."""
    return done(id_, Welcome(server=server, time=time, org=org, role=role, heartbeat_s=heartbeat_s))


def heartbeat(time: datetime, as_of: datetime | None) -> bytes:
    """The push that says: still here, and up to when."""
    return _encode(Heartbeat(time=time, as_of=as_of))


def origin_allowed(origin: str | None, host: str | None, also: frozenset[str]) -> bool:
    """Whether a page of that origin may open a socket: one of this host, or a listed one.

    A client that is no browser sends none.
    """
    if origin is None or origin in also:
        return True
    return host is not None and origin.partition("://")[2] == host
