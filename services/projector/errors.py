"""Errors of the projector.

ProjectorError
├── ViewFileInvalid    a file of views/ that cannot be used
└── UnknownView        a name that no file of views/ has
"""

from __future__ import annotations


class ProjectorError(Exception):
    """Root of what this package raises."""


class ViewFileInvalid(ProjectorError):
    """A view's file lacks a part or names another table than itself."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"views/{name}.sql: {reason}")
        self.name = name
        self.reason = reason


class UnknownView(ProjectorError):
    """No view has this name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"there is no view {name!r}; there are {', '.join(known)}")
        self.name = name
        self.known = known
