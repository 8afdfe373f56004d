"""Errors of the read side.

DashboardError
├── NullInPatch        a change that a merge patch cannot say: the frame must be sent whole
├── CursorInvalid      a cursor that no list of this server gave
├── PrintingFailed     a record that was not printed
└── Refused            a command of a socket that is not carried out; the client is told why
"""

from __future__ import annotations


class DashboardError(Exception):
    """Root of what this package raises."""


class NullInPatch(DashboardError):
    """The new frame holds null where the old one does not; RFC 7396 has no word for it."""

    def __init__(self, path: str) -> None:
        super().__init__(f"null at {path!r} cannot be patched in")
        self.path = path


class CursorInvalid(DashboardError):
    """The cursor is none that a list of this server gave."""


class PrintingFailed(DashboardError):
    """The process that prints a record ended without one; ``said`` is for the log."""

    def __init__(self, said: str) -> None:
        super().__init__(f"a record was not printed: {said[-2000:]}")
        self.said = said


class Refused(DashboardError):
    """A command that is not carried out."""

    def __init__(self, code: str, message: str, *, temporary: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.temporary = temporary
