"""Modules that call themselves pure are: no I/O, no clock, no logging, however far they import."""

import ast
import tomllib
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
# An import that brings a plain value only, although its module does more.
VALUES = {
    ("services.ingest.streams", "eventsourcing"),  # StoredEvent, a frozen record
    ("services.ingest.sequences", "services.backbone.event_store"),  # SourceGaps, a named tuple
    ("services.ingest.verification", "services.backbone.event_store"),  # Admitted, another
}
# What the design asks to be pure; the rest of the pure modules say so themselves.
ASKED = {
    "services.dashboard_api.channel",
    "services.dashboard_api.patch",
    "services.ingest.admission",
    "services.ingest.streams",
}


@cache
def graph() -> grimp.ImportGraph:
    """Who imports whom when the product runs, without the imports that are plain values."""
    built = grimp.build_graph(
        "services", "schemas", include_external_packages=True, exclude_type_checking_imports=True
    )
    for importer, imported in VALUES:
        built.remove_import(importer=importer, imported=imported)
    return built


def outside() -> set[str]:
    """What the contract in pyproject.toml forbids to pure modules."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        contract
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["name"] == "Pure modules touch nothing outside"
    )
    return set(contract["forbidden_modules"])


def pure_modules() -> list[str]:
    """The modules of the services whose docstring says "Pure."."""
    found = []
    for path in sorted((ROOT / "services").rglob("*.py")):
        if "node_modules" in path.parts:
            continue
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if "Pure." in docstring.split():
            found.append(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return found


@pytest.mark.parametrize("module", pure_modules())
def test_a_pure_module_reaches_nothing_outside(module: str) -> None:
    """No chain of imports leads from a pure module to a library with effects."""
    reached = graph().find_upstream_modules(module) & outside()

    assert [graph().find_shortest_chain(module, library) for library in sorted(reached)] == []


def test_what_the_design_asks_to_be_pure_says_so() -> None:
    """The word isn't dropped where it matters."""
    assert set(pure_modules()) >= ASKED


def test_the_check_sees_effects() -> None:
    """An adapter would be found out, also one that is reached through others."""
    assert "sqlite3" in graph().find_upstream_modules("services.ingest.runtime") & outside()
