"""The font of a record."""

from __future__ import annotations

from io import BytesIO

from fontTools.ttLib import TTFont

from services.dashboard_api.wall_files import built
from services.printer.font import font_for


def test_it_has_just_the_characters_in_one_weight() -> None:
    """Latin, digits, Chinese of several slices; nothing of the rest."""
    text = "A3 案件全程记录 继续盘问 扣押 殴打"

    font = TTFont(BytesIO(font_for(text, built())))

    assert set(font.getBestCmap()) == {ord(character) for character in text}
    assert "fvar" not in font
    assert "glyf" in font
