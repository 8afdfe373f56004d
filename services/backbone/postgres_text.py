"""Texts as PostgreSQL can keep them: U+0000, which JSON allows, is written as an escape.  Pure."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def kept(text: str) -> str:
    """The text without U+0000; different texts stay different."""
    if "\0" not in text and "\\" not in text:
        return text
    return text.replace("\\", "\\\\").replace("\0", "\\0")


def told(kept_text: str) -> str:
    """The text that was kept."""
    if "\\" not in kept_text:
        return kept_text
    return _ESCAPE.sub(lambda found: "\0" if found[1] == "0" else found[1], kept_text)
