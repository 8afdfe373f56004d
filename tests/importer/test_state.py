"""How far an import has come survives its process."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.importer.errors import StateForeign
from services.importer.state import StateFile, fingerprint
from services.importer.tally import Tally


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """The last row and the counts."""
    path = tmp_path / "state.json"
    assert StateFile(path, "f").load() is None

    StateFile(path, "f").save(17, Tally(rows=17))
    state = StateFile(path, "f").load()

    assert state is not None
    assert (state.row, state.tally) == (17, Tally(rows=17))
    assert list(tmp_path.iterdir()) == [path]


def test_another_import_is_told_apart(tmp_path: Path) -> None:
    """Nothing is skipped on the word of a file that is about something else."""
    path = tmp_path / "state.json"
    StateFile(path, "f").save(17, Tally())

    with pytest.raises(StateForeign, match="--from-start"):
        StateFile(path, "g").load()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"row": 1}'])
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    """The door knows what was sent, so beginning anew is safe."""
    path = tmp_path / "state.json"
    path.write_bytes(content)

    assert StateFile(path, "f").load() is None


def test_removing_is_repeatable(tmp_path: Path) -> None:
    """The end of an import leaves nothing behind."""
    state = StateFile(tmp_path / "state.json", "f")
    state.save(1, Tally())

    state.remove()
    state.remove()

    assert state.load() is None


def test_the_fingerprint_tells_imports_apart(tmp_path: Path) -> None:
    """By the file's content and size, by the mapping and by the server; not by the file's name."""
    one, same, other, longer = (tmp_path / name for name in "abcd")
    one.write_bytes(b"x" * 10)
    same.write_bytes(b"x" * 10)
    other.write_bytes(b"x" * 9 + b"y")
    longer.write_bytes(b"x" * 11)

    first = fingerprint(one, "map", "url")

    assert fingerprint(same, "map", "url") == first
    others = [
        fingerprint(other, "map", "url"), fingerprint(longer, "map", "url"),
        fingerprint(one, "mapp", "url"), fingerprint(one, "map", "elsewhere"),
    ]  # fmt: skip
    assert len({first, *others}) == 5
