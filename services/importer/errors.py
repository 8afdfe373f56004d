"""Errors of the importer.

ImporterError
├── MappingInvalid    a mapping file that cannot be used, with line, key and reason
├── TableUnreadable   an input file that cannot be read, or not to its end
├── LogInvalid        what is no XES within a file, as the reading meets it
├── ItemInvalid       what is no event or object of OCEL, likewise
├── RowRefused        one row that the mapping cannot turn into events
├── TokenMissing      no token was given
├── StateForeign      a state file that belongs to another import
└── DoorRefused       the door turned the importer away, or stayed away for too long
"""

from __future__ import annotations


class ImporterError(Exception):
    """Root of what this package raises."""


class MappingInvalid(ImporterError):
    """A mapping file cannot be used."""

    def __init__(self, file: str, line: int, key: str, reason: str) -> None:
        super().__init__(f"{file}, line {line}, {key}: {reason}" if key else
                         f"{file}, line {line}: {reason}")  # fmt: skip
        self.file = file
        self.line = line
        self.key = key
        self.reason = reason


class TableUnreadable(ImporterError):
    """An input file cannot be read; ``row`` is the last that could, 0 for none."""

    def __init__(self, file: str, row: int, reason: str) -> None:
        super().__init__(f"{file}, after row {row}: {reason}" if row else f"{file}: {reason}")
        self.file = file
        self.row = row
        self.reason = reason


class LogInvalid(ImporterError):
    """An element that no XES has there; never holds what the log says."""


class ItemInvalid(ImporterError):
    """What is no event or object of OCEL; never holds what it says."""


class RowRefused(ImporterError):
    """A row cannot become an event; never holds what stands in the cell."""

    def __init__(self, code: str, column: str, message: str) -> None:
        super().__init__(f"{column}: {message}")
        self.code = code
        self.column = column
        self.message = message


class TokenMissing(ImporterError):
    """The door asks for a token."""

    def __init__(self) -> None:
        super().__init__("give an importer's token with --token or in YIPING_TOKEN")


class StateForeign(ImporterError):
    """A state file tells of another import."""

    def __init__(self, file: str) -> None:
        super().__init__(
            f"{file} tells of an import of another file, with another mapping or to another place:"
            " name another with --state, or begin anew with --from-start"
        )
        self.file = file


class DoorRefused(ImporterError):
    """No answer that leads on; what was answered until then is kept in the state file."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code} ({status}): {message}" if status else f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
