"""docs/guarantees.md: every promise names tests that prove it, and every one of them is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/guarantees.md").read_text(encoding="utf-8")
PROMISED, _, NOT_PROMISED = PAGE.partition("\n## What is not promised\n")
TEST = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")
NAMED = sorted(set(TEST.findall(PAGE)))


@cache
def defined(file: str) -> frozenset[str]:
    """The tests of a file, plain and by class, and its classes."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{one.name}" for one in node.body if hasattr(one, "name")}
    return frozenset(names)


def promises() -> dict[str, str]:
    """Each promise with what stands below it."""
    parts = re.split(r"^### (.+)$", PROMISED, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_named_test_is_there(file: str, name: str) -> None:
    """Under exactly that name, as a test that pytest collects."""
    assert name.rpartition("::")[2].startswith("test_")
    assert name in defined(file)


@pytest.mark.parametrize("promise", promises())
def test_a_promise_is_proved(promise: str) -> None:
    """By at least one test, after the mechanism that makes it true."""
    mechanism, found, proof = promises()[promise].partition("\nProof: ")

    assert found
    assert len(mechanism.split()) >= 5
    assert TEST.findall(proof)
    assert re.sub(rf"{TEST.pattern}|[,\s]|^## .*$", "", proof, flags=re.MULTILINE) == ""


def test_what_is_not_promised_is_said() -> None:
    """For both modes, and for a cluster."""
    assert "In both modes:" in NOT_PROMISED
    assert "In a cluster:" in NOT_PROMISED
    assert NOT_PROMISED.count("\n- **") >= 8
