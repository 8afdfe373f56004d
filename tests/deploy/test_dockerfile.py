"""deploy/Dockerfile: its steps are those of the Makefile, its wheel holds the whole product."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy/Dockerfile"
TEXT = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text(encoding="utf-8"))
STEPS = [
    (word, rest)
    for word, _, rest in (line.partition(" ") for line in TEXT.splitlines())
    if word and not word.startswith("#")
]
BUILT = "services/dashboard_api/wall/dist"


def steps(word: str) -> list[str]:
    """What stands behind each instruction of a kind, in order."""
    return [rest for instruction, rest in STEPS if instruction == word]


def tracked() -> list[str]:
    """Files under version control."""
    run = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return [name for name in run.stdout.split("\0") if name and (ROOT / name).exists()]


def ignored(path: str) -> bool:
    """Whether the build never sees a file: the last rule that matches it decides."""
    rules = (ROOT / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    verdict = False
    for rule in rules:
        pattern = rule.removeprefix("!")
        if rule and not rule.startswith("#") and any(_matches(path, pattern)):
            verdict = not rule.startswith("!")
    return verdict


def _matches(path: str, pattern: str) -> Iterator[bool]:
    """A rule speaks of a path and of everything below it; ``**/`` of any depth."""
    parts = path.split("/")
    for length in range(1, len(parts) + 1):
        above = "/".join(parts[:length])
        if pattern.startswith("**/"):
            yield fnmatch(parts[length - 1], pattern[3:])
        else:
            yield above.count("/") == pattern.count("/") and fnmatch(above, pattern)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of the wheel, built as the Dockerfile has it built."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "wheel"]
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*command, *options, str(ROOT)], check=True)
    (file,) = folder.iterdir()
    return set(zipfile.ZipFile(file).namelist())


def test_what_is_copied_is_there_and_let_in() -> None:
    """Each source of a COPY is under version control, or built by an earlier stage."""
    for copied in steps("COPY"):
        words = copied.split()
        if words[0].startswith("--from="):
            continue
        for source in words[:-1]:
            below = [f for f in tracked() if f == source or f.startswith(f"{source}/")]
            assert below, source
            assert not all(ignored(file) for file in below), source


def test_stages_are_taken_from_before() -> None:
    """Each --from names a stage above it."""
    stages = re.findall(r" AS (\w+)", TEXT)

    assert re.findall(r"--from=(\w+)", TEXT) == ["wall", "packages"]
    assert stages == ["wall", "packages"]


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        "deploy/secrets/vault.key",
        "deploy/.env",
        "tests/test_house.py",
        "yiping-data/events.sqlite",
        "services/ingest/__pycache__/door.pyc",
        "services/dashboard_api/wall/node_modules/svelte/package.json",
        f"{BUILT}/index.html",
    ],
)
def test_what_is_no_part_of_it_stays_out(path: str) -> None:
    """No data, no secret, nothing that this machine has built."""
    assert ignored(path)


def test_its_steps_are_those_of_the_makefile() -> None:
    """The same locks, by hash, and the same way to build the wall."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    runs = "\n".join(steps("RUN"))

    for step in (
        "ci --include=dev --no-audit --no-fund --loglevel=error",
        "run --silent build -- --logLevel warn",
        "--require-hashes -r requirements.lock",
        "--no-deps --no-build-isolation",
    ):
        assert step in makefile
        assert step in runs
    assert all(
        "--require-hashes" in run or "--no-deps" in run for run in runs.split("\n") if "pip " in run
    )


def test_it_starts_from_pinned_images() -> None:
    """By a full version; the Python is of the release that the locks are for."""
    images = [image.split()[0] for image in steps("FROM")]
    locked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]

    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+-[a-z-]+", image) for image in images)
    assert {image for image in images if image.startswith("python:3.11.")} == {images[-1]}
    assert locked == ">=3.11"


def test_it_runs_the_command_as_nobody_of_note() -> None:
    """Not as root, and by the name that pyproject.toml gives it."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]

    assert int(steps("USER")[-1]) > 0
    assert steps("ENTRYPOINT") == ['["yiping"]']
    assert "yiping" in scripts
    assert "0.0.0.0" in steps("CMD")[0]  # noqa: S104 - within its container


def test_the_wheel_is_the_product(wheel: set[str]) -> None:
    """Every module, query, view and reference file that the code reads, and the built wall."""
    wall = "services/dashboard_api/wall/"
    sources = {
        file
        for file in tracked()
        if file.startswith(("services/", "schemas/")) and not file.startswith(wall)
    }

    assert sources - wheel == set()
    assert f"{BUILT}/index.html" in wheel


def test_the_wheel_is_nothing_else(wheel: set[str]) -> None:
    """No test, no data, no packages of Node."""
    tops = {file.split("/")[0] for file in wheel}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"services", "schemas"}
    assert [file for file in wheel if "node_modules" in file or "/wall/src/" in file] == []
