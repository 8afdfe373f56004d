"""A font with just the characters of a record, made from the wall's own (Noto Sans SC, OFL).

The wall ships its font as a hundred slices, each a variable WOFF2 for a range of characters.
Here the slices that a text needs are cut down to it, set to one weight and joined.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from fontTools import subset
from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from services.printer.errors import FontMissing

WEIGHT = 400
_FACE = re.compile(
    r"@font-face\s*\{[^}]*?/(?P<file>[^/)]+\.woff2)\)[^}]*?unicode-range:\s*(?P<ranges>[^;}]+)"
)
_LAYOUT = ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx", "VORG", "VVAR")
"""What sets no characters that a record has, and cannot be joined."""


class Slice(NamedTuple):
    """One file, and the characters that it has."""

    file: Path
    ranges: tuple[range, ...]

    def holds(self, character: int) -> bool:
        """Whether the character is in it."""
        return any(character in one for one in self.ranges)


def font_for(text: str, wall: Path) -> bytes:
    """A TrueType font for the characters of a text; raises FontMissing where no wall is built."""
    slices = list(_slices(wall / "assets"))
    wanted = {ord(character) for character in text}
    parts = [
        BytesIO(_cut(one.file, mine))
        for one in slices
        if (mine := {character for character in wanted if one.holds(character)})
    ]
    if not parts:
        raise FontMissing(wall)
    joined = BytesIO()
    Merger().merge(parts).save(joined)
    return joined.getvalue()


def _slices(assets: Path) -> Iterator[Slice]:
    for sheet in sorted(assets.glob("*.css")):
        for face in _FACE.finditer(sheet.read_text(encoding="utf-8")):
            file = assets / face["file"]
            if file.is_file():
                yield Slice(file, tuple(_ranges(face["ranges"].split(","))))


def _ranges(written: Iterable[str]) -> Iterator[range]:
    """``U+4E00-4EFF`` or ``U+4E0?`` as CSS writes them."""
    for one in written:
        first, _, last = one.strip().upper().removeprefix("U+").partition("-")
        last = last or first.replace("?", "F")
        yield range(int(first.replace("?", "0"), 16), int(last, 16) + 1)


def _cut(file: Path, characters: set[int]) -> bytes:
    """The slice with those characters alone, in one weight."""
    font = TTFont(BytesIO(file.read_bytes()), lazy=True)
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True)
    options.drop_tables = [*options.drop_tables, *_LAYOUT]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)
    font = instancer.instantiateVariableFont(font, {"wght": WEIGHT}, inplace=True)
    font.flavor = None
    cut = BytesIO()
    font.save(cut)
    return cut.getvalue()
