"""What the tests of deploy/ share."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.deploy.composition import DEPLOY


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of secrets as an operator makes it."""
    folder = tmp_path_factory.mktemp("secrets")
    command = ["bash", str(DEPLOY / "secrets.sh"), str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder
