"""The journal: what was sent, the answer that it had to get, and the answer that it got.

One JSON object a line, written as the answers come.  ``check`` reads it afterwards, also after
kills of the server or of the simulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from services.simulator.errors import JournalInvalid
from services.simulator.message import ACCEPTED, Expected, Given, Message, as_expected

_encoder = msgspec.json.Encoder()


class Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line; ``raw`` in place of ``event`` where that is no JSON."""

    event: msgspec.Raw = msgspec.Raw(b"")
    raw: str = ""
    expected: Expected
    given: Given
    fault: str | None = None
    sent_before: bool = False
    """It may have been sent before without an answer coming back."""


Lines = Iterator[Line]


class _Identity(msgspec.Struct):
    """What tells an event from others."""

    source: str
    id: str


class Difference(NamedTuple):
    """An answer that is not the one it had to be."""

    line: int
    reason: str


class Journal:
    """Writes lines; the file is appended to, so that runs after a kill go on in it."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        _drop_torn_line(file)
        self._out: IO[bytes] = file.open("ab")

    def write(self, message: Message, given: Given, *, sent_before: bool) -> None:
        """Note one answer."""
        line = Line(
            event=msgspec.Raw(b"" if message.own_line else message.body),
            raw=message.body.decode("utf-8", "replace") if message.own_line else "",
            expected=message.expected,
            given=given,
            fault=message.fault,
            sent_before=sent_before,
        )
        self._out.write(_line(line))

    def flush(self) -> None:
        """Hand what was noted to the system."""
        self._out.flush()

    def close(self) -> None:
        """Finish the file."""
        self._out.close()


def _line(line: Line) -> bytes:
    plain = {name: getattr(line, name) for name in line.__struct_fields__}
    kept = {name: value for name, value in plain.items() if value not in ("", None, False)}
    if not bytes(line.event):
        kept.pop("event", None)
    return _encoder.encode(kept) + b"\n"


def _drop_torn_line(file: Path) -> None:
    """Cut off a last line that a kill left unfinished."""
    if not file.exists():
        return
    with file.open("rb+") as held:
        size = held.seek(0, 2)
        start = max(0, size - 4_000_000)
        held.seek(start)
        tail = held.read()
        held.truncate(start + tail.rfind(b"\n") + 1)


def read(file: Path) -> Lines:
    """Every line; raises JournalInvalid."""
    decoder = msgspec.json.Decoder(Line)
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError as error:
                raise JournalInvalid(str(file), number, str(error)) from error


def differences(lines: Lines) -> Iterator[Difference]:
    """What is wrong: answers that differ, and events that stand at two places or at none.

    An event is accepted once: whoever hears of it again hears the first place.
    """
    places: dict[tuple[str, str], tuple[str | None, int | None]] = {}
    for number, line in enumerate(lines, start=1):
        expected, given = line.expected, line.given
        if not as_expected(expected, given, sent_before=line.sent_before):
            reason = f"expected {_words(expected)}, given {_given_words(given)}"
            yield Difference(number, reason)
        if given.status == "quarantined" or not bytes(line.event):
            continue
        place = (given.node, given.position)
        identity = msgspec.json.decode(line.event, type=_Identity)
        first = places.setdefault((identity.source, identity.id), place)
        if given.position is None:
            yield Difference(number, f"{given.status} without a position")
        elif first != place:
            yield Difference(number, f"stands at {first} and at {place}")
        elif given.status == "accepted" and expected != ACCEPTED:
            yield Difference(number, "accepted, which it must not be")


def _words(expected: Expected) -> str:
    return " ".join(filter(None, (expected.status, expected.code, expected.path)))


def _given_words(given: Given) -> str:
    if given.error is None:
        return given.status
    return f"{given.status} {given.error.code} {given.error.path}"
