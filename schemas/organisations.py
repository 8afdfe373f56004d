"""Organisations: 12-digit codes, levels, and scope as a prefix.

Codes are GB/T 2260 regions (2+2+2 digits) followed by six digits for the unit within
(GA/T 380: digits 7-8 in 50-99 are police stations 派出所).  A scope is a prefix, so
``startswith`` answers "may see", "drill down" and "sum up" alike.  Codes change by year:
a table is dated, and an event keeps the code of its day.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

import msgspec

from schemas.errors import OrganisationsInvalid, UnknownOrganisation

CODE = re.compile(r"\d{12}", re.ASCII)
LEVELS = ("province", "city", "county", "station")
PREFIX_LENGTH = {"province": 2, "city": 4, "county": 6, "station": 12}
COLUMNS = ("code", "region", "level", "parent", "lon", "lat")


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """One organisation; ``lon`` and ``lat`` (degrees) place its name on the map."""

    code: str
    name: str
    level: str
    parent: str | None = None
    lon: float | None = None
    lat: float | None = None
    centre: bool = False
    """Whether it runs a law-enforcement management centre (执法办案管理中心) that sends facts."""

    @property
    def scope(self) -> str:
        """The prefix that all codes below share."""
        return scope_of(self.code)


def scope_of(code: str) -> str:
    """The prefix that a code stands for: ``350200000000`` → ``3502``, a station → itself."""
    for length in (2, 4, 6):
        if code[length:] == "0" * (12 - length):
            return code[:length]
    return code


def level_of(code: str) -> str:
    """The level that the shape of a code tells."""
    length = len(scope_of(code))
    return next(level for level, n in PREFIX_LENGTH.items() if n == length)


def bucket_of(code: str, length: int) -> str:
    """The code at the level of ``length`` digits to which a code adds up (12 digits)."""
    return code[:length].ljust(12, "0")


def child_length(code: str) -> int:
    """How many digits tell the children of an organisation apart."""
    return {2: 4, 4: 6}.get(len(scope_of(code)), 12)


class Organisations:
    """The organisations of a force on a day, province first.

    A station or department (any code with a unit part below a known county, city or province)
    need not be listed: units come and go more often than the table.
    """

    def __init__(self, items: Iterable[Organisation]) -> None:
        self._by_code = {item.code: item for item in items}

    def __iter__(self) -> Iterator[Organisation]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    @property
    def root(self) -> Organisation:
        """The organisation above all others."""
        return next(o for o in self if o.parent is None)

    def knows(self, code: str) -> bool:
        """Whether the code is listed, or is a unit of a listed organisation."""
        return code in self._by_code or (
            CODE.fullmatch(code) is not None
            and code[6:] != "000000"
            and bucket_of(code, 6) in self._by_code
        )

    def get(self, code: str) -> Organisation:
        """The organisation of that code, a unit by the name of its parent and its number.

        Raises UnknownOrganisation.
        """
        listed = self._by_code.get(code)
        if listed:
            return listed
        if not self.knows(code):
            raise UnknownOrganisation(code)
        parent = self._by_code[bucket_of(code, 6)]
        kind = "派出所" if code[6:8] >= "50" else "部门"
        return Organisation(
            code=code,
            name=f"{parent.name}{code[6:8].lstrip('0')}{kind}",
            level="station",
            parent=parent.code,
            lon=parent.lon,
            lat=parent.lat,
        )

    def below(self, code: str) -> list[Organisation]:
        """The listed organisations within the scope of a code, itself first."""
        scope = scope_of(code)
        return [o for o in self if o.code.startswith(scope)]

    def children(self, code: str) -> list[Organisation]:
        """The listed organisations directly below."""
        return [o for o in self if o.parent == code]


def parse(lines: Iterable[str]) -> Organisations:
    """Read the CSV ``code,region,level,parent,lon,lat,centre``; raises OrganisationsInvalid.

    Position and ``centre`` (1 or 0) may be left out; then every county runs a centre.
    """
    reader = csv.DictReader(lines)
    missing = [c for c in COLUMNS[:4] if c not in (reader.fieldnames or ())]
    if missing:
        raise OrganisationsInvalid(1, missing[0], "this column is missing")
    found: dict[str, Organisation] = {}
    for row in reader:
        line = reader.line_num
        item = _organisation(line, row)
        if item.code in found:
            raise OrganisationsInvalid(line, "code", f"{item.code} stands twice")
        if item.parent is not None and item.parent not in found:
            raise OrganisationsInvalid(line, "parent", f"{item.parent} is not above this line")
        found[item.code] = item
    roots = [o for o in found.values() if o.parent is None]
    if len(roots) != 1:
        raise OrganisationsInvalid(1, "parent", f"one organisation has no parent, not {len(roots)}")
    return Organisations(found.values())


def _organisation(line: int, row: dict[str, str | None]) -> Organisation:
    code, name, level, parent = (_cell(line, row, column) for column in COLUMNS[:4])
    if not CODE.fullmatch(code):
        raise OrganisationsInvalid(line, "code", f"{code!r} is not 12 digits")
    if not name:
        raise OrganisationsInvalid(line, "region", f"{code} has no name")
    if level not in LEVELS:
        raise OrganisationsInvalid(line, "level", f"{level!r} is none of {', '.join(LEVELS)}")
    if level_of(code) != level:
        raise OrganisationsInvalid(line, "level", f"{code} has the shape of a {level_of(code)}")
    if parent and not code.startswith(scope_of(parent)):
        raise OrganisationsInvalid(line, "parent", f"{code} does not lie within {parent}")
    return Organisation(
        code=code,
        name=name,
        level=level,
        parent=parent or None,
        lon=_degrees(line, row, "lon", 180),
        lat=_degrees(line, row, "lat", 90),
        centre=_centre(line, row, level),
    )


def _centre(line: int, row: dict[str, str | None], level: str) -> bool:
    text = row.get("centre")
    if not text:
        return level == "county"
    if text not in ("0", "1"):
        raise OrganisationsInvalid(line, "centre", f"{text!r} is neither 1 nor 0")
    return text == "1"


def _cell(line: int, row: dict[str, str | None], column: str) -> str:
    value = row[column]
    if value is None:
        raise OrganisationsInvalid(line, column, "this cell is missing")
    return value.strip()


def _degrees(line: int, row: dict[str, str | None], column: str, most: int) -> float | None:
    text = row.get(column)
    if not text:
        return None
    try:
        degrees = float(text)
    except ValueError:
        raise OrganisationsInvalid(line, column, "not a number of degrees") from None
    if not -most <= degrees <= most:
        raise OrganisationsInvalid(line, column, f"not between -{most} and {most} degrees")
    return degrees


def load(path: Path | None = None) -> Organisations:
    """The organisations in a file; Fujian's of 2026 when none is given.

    Raises OrganisationsInvalid, OSError.
    """
    if path is None:
        reference = resources.files("schemas") / "reference" / "organisations_fujian_2026.csv"
        return parse(reference.read_text(encoding="utf-8").splitlines())
    try:
        # Spreadsheets put a byte order mark before the first column's name.
        return parse(path.read_text(encoding="utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise OrganisationsInvalid(line, COLUMNS[0], "the file is not UTF-8 text") from None
