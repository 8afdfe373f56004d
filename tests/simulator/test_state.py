"""What a simulator remembers."""

from pathlib import Path

import pytest

from services.simulator import state
from services.simulator.errors import StateInvalid
from services.simulator.faults import Spell
from services.simulator.pace import Stretch

STATE = state.State(
    seed=3,
    centres=5,
    start=100,
    history=True,
    stretches=[Stretch(1, 2, 3.5)],
    taken_up=90,
    sequences={"/orgs/350102000000": 4},
    answered={"350102000000": 95},
    ahead=120,
    faults=[Spell(0, 0.1)],
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """All of it, in a folder that is made on the way."""
    file = tmp_path / "new" / "state.json"
    state.write(file, STATE)

    assert state.read(file) == STATE
    assert [f.name for f in file.parent.iterdir()] == ["state.json"]


def test_without_a_file_nothing_is_remembered(tmp_path: Path) -> None:
    """The first start."""
    assert state.read(tmp_path / "state.json") is None


@pytest.mark.parametrize("content", ["", "{}", '{"version": 1}', "[1, 2]"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, content: str) -> None:
    """The message says what to do."""
    file = tmp_path / "state.json"
    file.write_text(content)

    with pytest.raises(StateInvalid, match=r"state\.json: .*remove it to begin anew"):
        state.read(file)


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    """Rather than misread."""
    file = tmp_path / "state.json"
    STATE.version, before = 2, STATE.version
    state.write(file, STATE)
    STATE.version = before

    with pytest.raises(StateInvalid, match="version 2"):
        state.read(file)
