"""What a check found wrong.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

LISTED = 200
TYPED_IN = frozenset({"data", "state", "extensions"})
"""Columns that may hold what people wrote of people."""


class Finding(NamedTuple):
    """One difference between a view and the fold of the facts."""

    view: str
    key: str
    """Which row, or which sum."""
    expected: str
    found: str


class Findings:
    """The first differences, and how many there are in all."""

    def __init__(self, listed: int = LISTED) -> None:
        self._most = listed
        self.listed: list[Finding] = []
        self.count = 0

    def add(self, view: str, key: str, expected: Any, found: Any) -> None:
        """Note a difference; None stands for a row that is not there."""
        self.count += 1
        if len(self.listed) < self._most:
            self.listed.append(Finding(view, key, _text(expected), _text(found)))

    def same(self, view: str, key: str, expected: Any, found: Any) -> None:
        """Note a difference if there is one."""
        if expected != found:
            self.add(view, key, expected, found)

    def rows(
        self,
        view: str,
        columns: Sequence[str],
        expected: Mapping[Any, tuple[Any, ...]],
        found: Mapping[Any, tuple[Any, ...]],
    ) -> None:
        """As ``tables``, for rows: names the columns that differ."""
        for key in sorted(expected.keys() | found.keys(), key=str):
            wanted, held = expected.get(key), found.get(key)
            if wanted is None or held is None:
                presence = ("a row" if row is not None else None for row in (wanted, held))
                self.add(view, _key(key), *presence)
            elif wanted != held:
                self.columns(view, _key(key), columns, wanted, held)

    def columns(
        self,
        view: str,
        key: str,
        columns: Sequence[str],
        expected: tuple[Any, ...],
        found: tuple[Any, ...],
    ) -> None:
        """Note each column in which two rows differ; what was typed in is not repeated."""
        for column, wanted, held in zip(columns, expected, found, strict=True):
            if wanted != held and column in TYPED_IN:
                self.add(view, f"{key} {column}", "the recorded text", "another")
            elif wanted != held:
                self.add(view, f"{key} {column}", wanted, held)

    def tables(self, view: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> None:
        """Note each key whose value differs or that only one side has."""
        for key in sorted(expected.keys() | found.keys(), key=str):
            self.same(view, _key(key), expected.get(key), found.get(key))


def _key(key: Any) -> str:
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _text(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
