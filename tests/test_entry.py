"""The entry: the command line, and what only the wired whole knows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.__main__ import main, parser


def test_every_command_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """``yiping --help`` names every command that there is."""
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--help"])

    assert ended.value.code == 0
    text = capsys.readouterr().out
    for command in (
        "serve", "demo", "ingest", "relay", "project", "dashboard",
        "token", "verify", "topics", "views", "simulate", "import", "schemas",
    ):  # fmt: skip
        assert f"\n    {command}" in text


def test_a_token_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``yiping token issue`` prints one token and nothing else."""
    arguments = ["token", "issue", "--data", str(tmp_path), "--org", "350200000000"]

    assert main([*arguments, "--role", "wall", "--days", "3"]) == 0
    assert len(capsys.readouterr().out.split()) == 1


@pytest.mark.parametrize(("org", "role"), [("359900000000", "wall"), ("350200000000", "king")])
def test_a_token_for_nobody_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], org: str, role: str
) -> None:
    """An unknown organisation or role ends in one line on standard error."""
    arguments = ["token", "issue", "--data", str(tmp_path), "--org", org, "--role", role]

    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("yiping: ")


def test_generated_documents_are_what_the_code_says() -> None:
    """JSON Schemas, AsyncAPI and OpenAPI are those that ``yiping schemas write`` would write."""
    checked = subprocess.run(
        [sys.executable, "-m", "services", "schemas", "check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert checked.returncode == 0, checked.stdout + checked.stderr
