"""How far an import has come, in a small file beside it, so that a killed one goes on.

The door's answers are the truth: the file only saves sending again what was answered.  It
is replaced as a whole after each batch, and removed at the end.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from services.importer.errors import StateForeign
from services.importer.tally import Tally

HEAD_BYTES = 1024 * 1024


class State(msgspec.Struct):
    """The last row of which every event was answered, and the counts up to it."""

    fingerprint: str
    row: int
    tally: Tally


def fingerprint(file: Path, mapping: str, url: str) -> str:
    """Tells this import from others: the file's size and beginning, the mapping, the door."""
    with file.open("rb") as opened:
        head = opened.read(HEAD_BYTES)
    parts = (str(file.stat().st_size).encode(), head, mapping.encode(), url.encode())
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()


class StateFile:
    """Where the state of one import is kept."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path = path
        self._fingerprint = fingerprint

    def load(self) -> State | None:
        """The state of this import, None where it has not begun; raises StateForeign."""
        try:
            state = msgspec.json.decode(self._path.read_bytes(), type=State)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            # Cut short by a power loss: what it told is known to the door.
            return None
        if state.fingerprint != self._fingerprint:
            raise StateForeign(str(self._path))
        return state

    def save(self, row: int, tally: Tally) -> None:
        """Everything up to a row was answered."""
        state = State(self._fingerprint, row, tally)
        scratch = self._path.with_name(f"{self._path.name}.new")
        scratch.write_bytes(msgspec.json.encode(state))
        os.replace(scratch, self._path)

    def remove(self) -> None:
        """The import is done, or begins anew."""
        self._path.unlink(missing_ok=True)
