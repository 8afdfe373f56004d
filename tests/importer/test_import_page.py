"""docs/import.md tells what there is, and what it shows is true."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import msgspec
import pytest

from services.importer.command import add_arguments
from services.importer.mapping_file import MappingFile, Rule, Written

PROJECT = Path(__file__).parent.parent.parent
PAGE = (PROJECT / "docs/import.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("struct", [MappingFile, Rule, Written])
def test_every_key_is_explained(struct: type[msgspec.Struct]) -> None:
    """A key that the importer reads is a key that the page names."""
    keys = [field.encode_name for field in msgspec.structs.fields(struct)]

    assert [key for key in keys if not re.search(rf"[`{{ ,]{key}[`:]", PAGE)] == []


def test_every_code_of_the_mapping_is_named() -> None:
    """A refusal in the report can be looked up."""
    sources = (PROJECT / "services/importer").glob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    codes = set(re.findall(r'(?:RowRefused\(|None, )"([a-z_]+)"', text))

    assert len(codes) == 6
    assert [code for code in sorted(codes) if f"`{code}`" not in PAGE] == []


def test_the_commands_shown_are_commands() -> None:
    """The example's arguments are the command's, and its files are there."""
    (example,) = re.findall(r"^yiping import (.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    arguments = parser.parse_args(example.replace("\\\n", "").split())

    assert (PROJECT / arguments.file).is_file()
    assert (PROJECT / arguments.mapping).is_file()
