"""docs/export.md tells what there is, and what it shows is true."""

from __future__ import annotations

import re
from pathlib import Path

from schemas.elements import ELEMENTS
from services.__main__ import parser
from services.exporter.attributes import COMMON, EXPORTED, OF_OBJECTS

PAGE = (Path(__file__).parent.parent.parent / "docs/export.md").read_text(encoding="utf-8")


def test_every_field_that_leaves_is_named() -> None:
    """Class by class, neither more nor fewer."""
    rows = re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| (.*) \|$", PAGE, re.MULTILINE)

    assert {type_: tuple(re.findall(r"`(\w+)`", told)) for type_, told in rows} == EXPORTED


def test_what_all_have_is_named() -> None:
    """Attributes of every event and object, and the object types."""
    assert [name for name in (*COMMON, *OF_OBJECTS) if f"`{name}`" not in PAGE] == []
    assert ", ".join(ELEMENTS) in PAGE


def test_the_commands_shown_are_commands() -> None:
    """Each example is taken by the parser."""
    examples = re.findall(r"^yiping (export ocel .*)$", PAGE, re.MULTILINE)

    assert len(examples) == 3
    for example in examples:
        assert parser().parse_args(example.split()).output.suffix in (".json", ".gz")
