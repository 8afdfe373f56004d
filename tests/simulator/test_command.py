"""``yiping simulate`` as a process and as a function."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path

import pytest

from services.simulator import command, state
from services.simulator.journal import Journal
from services.simulator.message import ACCEPTED, Given, Message
from tests.simulator.processes import WAIT_S, started, wait_for
from tests.support.ports import free_port
from tests.support.server import Server


def parsed(*arguments: str) -> argparse.Namespace:
    """The arguments as the command line gives them."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(arguments)


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """What it does, every option, and examples."""
    with pytest.raises(SystemExit):
        parsed("--help")
    text = capsys.readouterr().out

    for word in (
        "92 centres",
        "examples:",
        "--rate",
        "--faults",
        "--journal",
        "--check",
        "--state",
    ):
        assert word in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--url"),
        (["--url", "u", "--kafka", "kafka://127.0.0.1:1/t", "--token", "t"], "--kafka"),
        (["--url", "http://127.0.0.1:1"], "--token"),
        (["--url", "u", "--token", "t", "--faults", "1.5"], "--faults"),
        (["--url", "u", "--token", "t", "--rate", "0"], "--rate"),
        (["--url", "u", "--token", "t", "--days", "-1"], "--days"),
        (["--url", "u", "--token", "t", "--days", "2"], "importer"),
        (["--url", "u", "--token", "t", "--centres", "93"], "1 to 92"),
        (["--check", "no-such-file"], "no-such-file"),
    ],
)
def test_a_mistake_is_named_in_one_line(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit 2, and what to do about it."""
    monkeypatch.delenv("YIPING_TOKEN", raising=False)

    assert command.run(parsed(*arguments, "--quiet")) == 2
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(("status", "code"), [("accepted", 0), ("duplicate", 1)])
def test_a_journal_is_checked(
    tmp_path: Path, status: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 on a difference, which is named with its line."""
    file = tmp_path / "journal"
    journal = Journal(file)
    event = b'{"id":"a","source":"/orgs/350102000000"}'
    given = Given("a", status, 1, "main")
    journal.write(Message(1, 0, "a", event, ACCEPTED), given, sent_before=False)
    journal.close()

    assert command.run(parsed("--check", str(file))) == code
    shown = capsys.readouterr()
    assert f"1 answers, {code} differences" in shown.err
    assert ("line 1: expected accepted, given duplicate" in shown.out) is bool(code)


def test_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    """Exit 0, with all that was sent remembered as answered."""
    data = tmp_path / "data"
    with Server(data, command="ingest") as server, started(server.url, data) as process:
        wait_for(lambda: _live(data))
        process.send_signal(signal.SIGTERM)

        assert process.wait(WAIT_S) == 0
    held = state.read(data / "simulator.json")
    assert held is not None
    assert len(held.answered) == 3
    assert min(held.answered.values()) > held.start
    assert command.run(parsed("--check", str(data / "journal"))) == 0


def test_a_signal_ends_it_while_nobody_answers(tmp_path: Path) -> None:
    """It does not wait for a server that is away."""
    data = tmp_path / "data"
    data.mkdir()
    with started(f"http://127.0.0.1:{free_port()}", data) as process:
        assert process.stderr is not None
        said = b""
        while b"trying again" not in said:
            said += os.read(process.stderr.fileno(), 4096)
        process.send_signal(signal.SIGINT)

        assert process.wait(WAIT_S) == 0


def _live(data: Path) -> bool:
    held = state.read(data / "simulator.json")
    return held is not None and min(held.answered.values(), default=0) > held.start
