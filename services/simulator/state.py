"""What a simulator must remember to go on where it stopped: a few hundred numbers.

Lives are not kept: they are made again from the seed.  The file holds how far each centre's
events were answered, and where to take the stream up so that each source counts on.
It is written before anything is sent that it does not cover; an event that was sent and not
answered when the simulator died is sent again, the same, and the door calls it a duplicate.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from services.simulator.errors import StateInvalid
from services.simulator.faults import Spell
from services.simulator.pace import Stretch


class State(msgspec.Struct, kw_only=True):
    """All that is remembered."""

    version: int = 1
    seed: int
    centres: int
    start: int
    """µs; from then on everything is told."""
    history: bool
    """Whether things that began before the start are there."""
    stretches: list[Stretch] = []
    """How the province's clock has run beside the wall's."""
    taken_up: int
    """Where the stream can be taken up again …"""
    sequences: dict[str, int] = {}
    """… with each source's counter there."""
    answered: dict[str, int] = {}
    """By centre, the moment up to which all was answered."""
    ahead: int = 0
    """No live event was sent later than this (µs, wall); 0 while only history was loaded."""
    faults: list[Spell] = []
    """What share of the events was disturbed, and from when on."""


def read(file: Path) -> State | None:
    """The state in a file, None where there is none yet; raises StateInvalid."""
    try:
        state = msgspec.json.decode(file.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise StateInvalid(str(file), "is not a simulator's state") from error
    if state.version != 1:
        raise StateInvalid(str(file), f"is of version {state.version}")
    return state


def write(file: Path, state: State) -> None:
    """Replace the file at once; a reader sees the old state or the new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f"{file.name}.{os.getpid()}")
    scratch.write_bytes(msgspec.json.encode(state))
    scratch.replace(file)
