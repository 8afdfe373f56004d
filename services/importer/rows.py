"""What every kind of input file gives: numbered rows of columns with text.  Pure.

One mapping language serves all kinds: a CSV line, an event of an XES log, an event or an
object of an OCEL log is each a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, Self

SEPARATOR = ";"
"""Joins several values of one column, and is what a mapping's lists are split by."""
CELL_CHARACTERS = 1024 * 1024

Advanced = Callable[[int, int], None]
"""Hears how many bytes of how many a step has read."""


def unheard(_read_bytes: int, _size_bytes: int) -> None:
    """Nobody wants to know."""


class NumberedRow(NamedTuple):
    """A row counted from 1, the header not counted; None where its cells don't fit the header."""

    number: int
    cells: dict[str, str] | None


class Rows(Protocol):
    """An input file that stands open; a context manager."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """What every row has, blank where the file says nothing."""
        ...

    @property
    def size_bytes(self) -> int:
        """Of all that ``rows`` has to read."""
        ...

    @property
    def read_bytes(self) -> int:
        """Of ``size_bytes``, how much ``rows`` has read."""
        ...

    def rows(self) -> Iterator[NumberedRow]:
        """The rows in their order, once; raises TableUnreadable where the file is broken."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_error: object) -> None: ...


def joined(values: Iterable[str]) -> str:
    """Several values as the text of one cell."""
    return SEPARATOR.join(values)
