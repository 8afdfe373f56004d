"""Writes the generated documents into a project folder, and tells which are out of date."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.generate import GENERATED, as_text, documents, json_schemas

PROJECT = Path(__file__).parent.parent
RELEASED = "schemas/released"


def write(folder: Path = PROJECT, openapi: Mapping[str, Any] | None = None) -> list[str]:
    """Write every document below a project folder and drop what is no longer made.

    Gives the paths that changed.  Without ``openapi`` the file of the HTTP doors stays as it is.
    """
    wanted = documents(openapi)
    changed = check(folder, openapi)
    for name in changed:
        path = folder / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
    return changed


def check(folder: Path = PROJECT, openapi: Mapping[str, Any] | None = None) -> list[str]:
    """Paths of the documents that differ from the code, are missing, or are no longer made."""
    wanted = documents(openapi)
    stale = {name for name, text in wanted.items() if _text(folder / name) != text}
    there = {p.relative_to(folder).as_posix() for p in (folder / GENERATED).rglob("*.json")}
    if openapi is None:
        there.discard(f"{GENERATED}/openapi.json")
    return sorted(stale | (there - wanted.keys()))


def release(folder: Path = PROJECT) -> None:
    """Keep today's JSON Schemas as those that the next versions must stay compatible with."""
    for name, schema in json_schemas().items():
        path = folder / RELEASED / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_text(schema), encoding="utf-8")


def released(folder: Path = PROJECT) -> dict[str, dict[str, Any]]:
    """The JSON Schemas of the last release by file name."""
    root = folder / RELEASED
    return {
        path.relative_to(root).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.json"))
    }


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
