"""Cursors of lists: where the next page begins.  Opaque to clients.  Pure.

A cursor holds the last row's key and the moment of the first page, so that the pages of a
list at a moment fit together.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from services.dashboard_api.errors import CursorInvalid


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The key after which the next page begins."""

    since_us: int
    id: str
    as_of_us: int | None = None
    """The moment of the list; None for the present."""


BEGINNING = Cursor(-(2**62), "")

_decoder = msgspec.json.Decoder(Cursor)


def written(cursor: Cursor) -> str:
    """The cursor as clients carry it."""
    return urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read(text: str | None) -> Cursor:
    """The cursor in a text; the beginning for none.  Raises CursorInvalid."""
    if not text:
        return BEGINNING
    try:
        return _decoder.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, msgspec.MsgspecError):
        raise CursorInvalid from None
