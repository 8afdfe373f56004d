"""Errors of the published language.

SchemaError
├── OrganisationsInvalid    an organisations file that cannot be used
├── UnknownOrganisation     a code that is not in the organisations file
├── UnknownClass            an event type outside the 25 classes
├── UnknownElement          an element outside the six
└── LimitInvalid            a file of statutory limits that cannot be used
"""

from __future__ import annotations


class SchemaError(Exception):
    """Root of what this package raises."""


class OrganisationsInvalid(SchemaError):
    """An organisations file has a row that cannot be used."""

    def __init__(self, line: int, field: str, reason: str) -> None:
        super().__init__(f"organisations, line {line}, {field}: {reason}")
        self.line = line
        self.field = field
        self.reason = reason


class UnknownOrganisation(SchemaError):
    """No organisation has this code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no organisation has the code {code!r}")
        self.code = code


class UnknownClass(SchemaError):
    """The type is none of the 25 classes."""

    def __init__(self, type_: str) -> None:
        super().__init__(f"{type_!r} is none of the 25 classes")
        self.type = type_


class UnknownElement(SchemaError):
    """The name is none of the six elements."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is none of the six elements")
        self.name = name


class LimitInvalid(SchemaError):
    """A file of statutory limits says something that cannot be used."""

    def __init__(self, file: str, line: int, field: str, reason: str) -> None:
        super().__init__(f"{file}, line {line}, {field or 'the file'}: {reason}")
        self.file = file
        self.line = line
        self.field = field
        self.reason = reason
