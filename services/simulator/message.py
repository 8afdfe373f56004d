"""One event on its way to a door, the answer it must get, and the answer it got.  Pure."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Expected(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer that a door must give."""

    status: str
    """accepted, duplicate or quarantined."""
    code: str | None = None
    path: str | None = None


class Reason(msgspec.Struct, frozen=True):
    """Why an event was refused."""

    code: str
    path: str
    message: str = ""


class Given(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer that a door gave to one event."""

    id: str | None
    status: str
    position: int | None = None
    node: str | None = None
    quarantine_id: str | None = None
    error: Reason | None = None


ACCEPTED = Expected("accepted")
DUPLICATE = Expected("duplicate")


def refused(code: str, path: str) -> Expected:
    """The answer to an event that must not be taken in."""
    return Expected("quarantined", code, path)


class Message(NamedTuple):
    """One event as bytes."""

    moment: int
    """When it is sent, on the province's clock."""
    centre: int
    id: str | None
    body: bytes
    expected: Expected = ACCEPTED
    fault: str | None = None
    own_line: bool = False
    """It is no JSON, so it can travel only on a line of its own."""


def as_expected(expected: Expected, given: Given, *, sent_before: bool) -> bool:
    """Whether an answer is the one that it must be.

    An event that may have been sent before (its first answer was lost) may be a duplicate.
    """
    if expected.status == "accepted" and sent_before:
        return given.status in ("accepted", "duplicate")
    if given.status != expected.status:
        return False
    if expected.code is None:
        return given.error is None
    return (
        given.error is not None
        and given.error.code == expected.code
        and given.error.path == expected.path
    )
