"""Errors of the exporter.

ExporterError
├── ArgumentInvalid    an argument of the command that cannot be used
├── FactUnreadable     a stored fact that is none
└── OutputUnusable     a file that cannot be written
"""

from __future__ import annotations


class ExporterError(Exception):
    """Root of what this package raises."""


class ArgumentInvalid(ExporterError):
    """An argument cannot be used."""

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(f"{name} {value!r}: expected {expected}")
        self.name = name
        self.value = value
        self.expected = expected


class FactUnreadable(ExporterError):
    """What stands in the event store is not a fact."""

    def __init__(self, node: str, position: int) -> None:
        super().__init__(f"{node} {position} is not a stored fact; `yiping verify` tells more")
        self.node = node
        self.position = position


class OutputUnusable(ExporterError):
    """The file to be written cannot be."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason
