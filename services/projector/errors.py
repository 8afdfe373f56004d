"""Errors of the projector.

ProjectorError
├── LayoutMismatch     views that were made for another layout
├── ViewFileInvalid    a file of views/ that cannot be used
├── ViewsHeld          another job changes the views
├── UnknownView        a name that no file of views/ has
└── ViewsOutdated      the warehouse does not hold what the files of views/ say
"""

from __future__ import annotations


class ProjectorError(Exception):
    """Root of what this package raises."""


class LayoutMismatch(ProjectorError):
    """What stands was made for another layout than the settings ask for."""

    def __init__(self, standing: str, advice: str) -> None:
        super().__init__(f"the views were made for {standing}: {advice}")
        self.standing = standing
        self.advice = advice


class ViewFileInvalid(ProjectorError):
    """A view's file lacks a part or names another table than itself."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"views/{name}.sql: {reason}")
        self.name = name
        self.reason = reason


class ViewsHeld(ProjectorError):
    """Another job is changing the views, or was killed while it did."""

    def __init__(self, holder: str, breaking: str) -> None:
        super().__init__(
            f"{holder} is changing the views; if that job is gone: {breaking}, then apply again"
        )
        self.holder = holder


class UnknownView(ProjectorError):
    """No view has this name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"there is no view {name!r}; there are {', '.join(known)}")
        self.name = name
        self.known = known


class ViewsOutdated(ProjectorError):
    """Views are missing or of another form; ``yiping views apply`` makes them."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"run `yiping views apply`: not as their files say are {', '.join(names)}")
        self.names = names
