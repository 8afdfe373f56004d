"""Errors of the printer.

PrinterError
└── FontMissing        no built wall, from whose font records are printed
"""

from __future__ import annotations

from pathlib import Path


class PrinterError(Exception):
    """Root of what this package raises."""


class FontMissing(PrinterError):
    """No font was found where the built wall should be."""

    def __init__(self, wall: Path) -> None:
        super().__init__(f"no font below {wall}: build the wall")
        self.wall = wall
