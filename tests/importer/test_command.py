"""``yiping import`` as people run it, against the doors and the event store."""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.importer.command import add_arguments, run
from tests.importer.made_up_custody import write
from tests.support.ports import free_port
from tests.support.server import Server

PROJECT = Path(__file__).parent.parent.parent
MAPPINGS = PROJECT / "mappings"
REGISTER = MAPPINGS / "sample/register.csv"
REGISTER_MAP = MAPPINGS / "sample/register.yaml"
CUSTODY_MAP = MAPPINGS / "nyc_custody.yaml"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Fujian's doors and event store."""
    with Server(tmp_path_factory.mktemp("import") / "data", command="ingest") as running:
        yield running


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run in a folder of its own, without a token of the machine's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("YIPING_TOKEN", raising=False)


def imported(*arguments: str | Path) -> int:
    """The exit code of one run in this process."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(one) for one in arguments]))


def importer(server: Server, org: str = "350000000000") -> str:
    """A token for one load."""
    return server.token(org, "importer")


def report(name: str = "register.csv") -> dict[str, Any]:
    """What the run has written about itself."""
    found: dict[str, Any] = json.loads(Path(f"{name}.import-report.json").read_text())
    return found


def test_the_sample_is_imported(
    server: Server, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """All is there; again, all is there already; nothing is left behind but the report."""
    command = (REGISTER, "--mapping", REGISTER_MAP, "--url", server.url)
    token = importer(server)

    assert imported(*command, "--token", token) == 0
    first = capsys.readouterr().out.splitlines()
    assert imported(*command, "--token", token) == 0
    second = capsys.readouterr().out.splitlines()

    assert first == [
        "14 rows, 13 events: 13 accepted, 0 there already, 0 refused",
        "  1 rows passed over, as the mapping asks",
    ]
    assert second[0] == "14 rows, 13 events: 0 accepted, 13 there already, 0 refused"
    assert report()["duplicates"] == 13
    assert [path.name for path in tmp_path.iterdir()] == ["register.csv.import-report.json"]


def test_what_is_refused_is_reported(
    server: Server, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Row, field and reason of either side; the rest is taken in; exit code 1."""
    lines = REGISTER.read_text(encoding="utf-8").replace("RS-", "RT-").splitlines()
    lines[2] = lines[2].replace("2026-03-02 09:20", "2096-03-02 09:20")
    lines[3] = lines[3].replace("等候室", "花园")
    lines[5] = lines[5].replace("流转", "升天")
    path = tmp_path / "register.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).replace("\n", "\n9", 1).encode()))
    mapping = tmp_path / "map.yaml"
    mapping.write_text(
        REGISTER_MAP.read_text(encoding="utf-8").replace("register-{", "refused-{"),
        encoding="utf-8",
    )

    code = imported(path, "--mapping", mapping, "--url", server.url, "--token", importer(server))

    told = capsys.readouterr().out
    found = report("register.csv.gz")
    assert code == 1
    assert "14 rows, 11 events: 10 accepted, 0 there already, 2 refused" in told
    assert found["refused"]["time_in_future"]["first"][0] | {"message": ""} == {
        "row": 2, "id": "refused-2", "path": "time", "message": "",
    }  # fmt: skip
    assert found["refused"]["value_unknown"]["first"][0]["path"] == "带至"
    assert (found["unmatched_rows"], found["first_unmatched"]) == (1, [5])
    assert "花园" not in json.dumps(found, ensure_ascii=False) + told


def test_a_name_never_stands_in_the_report(
    server: Server, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whatever is wrong with a row that names somebody."""
    path = tmp_path / "register.csv"
    lines = REGISTER.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[1].replace("2026-03-02 09:12", "甲示例")]))

    code = imported(
        path, "--mapping", REGISTER_MAP, "--url", server.url, "--token", importer(server)
    )

    captured = capsys.readouterr()
    assert code == 1
    assert "甲示例" not in captured.out + captured.err + json.dumps(report(), ensure_ascii=False)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"token": ""}, "give an importer's token"),
        ({"file": "nothing.csv"}, "nothing.csv: No such file"),
        ({"mapping": "nothing.yaml"}, "No such file"),
        ({"mapping": str(CUSTODY_MAP)}, "the file has no column"),
        ({"mapping": str(REGISTER)}, "register.csv, line"),
        ({"mapping": sys.executable}, "is not UTF-8 text"),
    ],
)
def test_a_mistake_of_the_caller_is_told(
    server: Server, capsys: pytest.CaptureFixture[str], change: dict[str, str], told: str
) -> None:
    """One line, exit code 2, nothing sent."""
    given = {"file": str(REGISTER), "mapping": str(REGISTER_MAP), "token": "t"} | change

    code = imported(
        given["file"], "--mapping", given["mapping"], "--token", given["token"], "--url", server.url
    )

    said = capsys.readouterr().err
    assert code == 2
    assert f"yiping: {told}" in said or told in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("role", "told"), [("wall", "role_may_not_send (403)"), (None, "token_refused (401)")]
)
def test_a_token_that_may_not_send(
    server: Server, capsys: pytest.CaptureFixture[str], role: str | None, told: str
) -> None:
    """The server's own word, exit code 3."""
    token = server.token("350000000000", role) if role else "no token"

    code = imported(
        REGISTER, "--mapping", REGISTER_MAP, "--url", server.url, "--token", token
    )  # fmt: skip

    assert code == 3
    assert told in capsys.readouterr().err


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    """After some patience, exit code 3."""
    url = f"http://127.0.0.1:{free_port()}"

    code = imported(
        REGISTER, "--mapping", REGISTER_MAP, "--url", url, "--token", "t", "--patience", "1"
    )

    assert code == 3
    assert "unreachable" in capsys.readouterr().err


def test_a_state_of_another_import_is_not_believed(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named with the way out, and the way out works."""
    state = Path("register.csv.import-state.json")
    state.write_text('{"fingerprint":"other","row":9,"tally":{}}')
    command = (REGISTER, "--mapping", REGISTER_MAP, "--url", server.url)
    token = importer(server)

    assert imported(*command, "--token", token) == 2
    assert "--from-start" in capsys.readouterr().err
    assert imported(*command, "--token", token, "--from-start") == 0
    assert not state.exists()


def spawned(server: Server, file: Path, token: str, folder: Path) -> subprocess.Popen[bytes]:
    """The command as a process of its own, with the token in its environment."""
    command = [
        sys.executable, "-m", "services", "import", str(file), "--mapping", str(CUSTODY_MAP),
        "--url", server.url, "--batch", "50",
    ]  # fmt: skip
    environment = {"YIPING_TOKEN": token, "PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def wait_for_row(state: Path, row: int) -> None:
    """Until the importer's state file tells of that row."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if json.loads(state.read_text())["row"] >= row:
                return
        except FileNotFoundError:
            pass
        time.sleep(0.005)
    raise TimeoutError(f"row {row} was not reached")


def test_kill_9_of_importer_and_server_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are killed on the way, once each; afterwards every row is there, once."""
    monkeypatch.setenv("YIPING_ORGANISATIONS", str(MAPPINGS / "nyc_organisations.csv"))
    file = write(tmp_path / "custody.csv", seed=5, days=60, admissions_a_day=12)
    count = len(file.read_text(encoding="utf-8").splitlines()) - 1
    state = tmp_path / "custody.csv.import-state.json"
    with Server(tmp_path / "data", command="ingest") as server:
        token = importer(server, "360000000000")

        first = spawned(server, file, token, tmp_path)
        wait_for_row(state, count // 4)
        first.kill()
        first.communicate()
        second = spawned(server, file, token, tmp_path)
        wait_for_row(state, count // 2)
        server.kill()
        server.start()
        out, _ = second.communicate(timeout=60)
        again = spawned(server, file, token, tmp_path)
        known, _ = again.communicate(timeout=60)

    assert (second.returncode, again.returncode) == (0, 0)
    assert f"{count} rows, {count} events" in out.decode()
    assert f"0 accepted, {count} there already, 0 refused" in known.decode()
