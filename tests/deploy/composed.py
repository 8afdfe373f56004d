"""compose.yaml without containers: its commands, settings and secrets, as processes.

What differs: addresses, ClickHouse (its stand-in, so no YIPING_CLUSTER), and the folder of the
secrets.  Users, passwords and rights are those that the file gives each service.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.deploy.brokers import Brokers
from tests.deploy.composition import SERVICES, environment, substituted
from tests.support.clickhouse.process import ClickHouse
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.service import Service

SCRIPT = {"python": sys.executable}


class Composed:
    """The services of the file; brokers, databases and the stand-in run already."""

    def __init__(
        self, folder: Path, secrets: Path, kafka: Brokers, postgres: Postgres, views: ClickHouse
    ) -> None:
        self.folder = folder
        self._secrets = folder / "secrets"
        self._secrets.mkdir()
        for file in secrets.iterdir():
            text = file.read_text()
            if file.name.startswith("warehouse_"):
                text = views.dsn(file.name.removeprefix("warehouse_"))
            text = kafka.at(text).replace("@postgres:5432", f"@127.0.0.1:{postgres.port}")
            (self._secrets / file.name).write_text(text)

    def secret(self, name: str) -> str:
        """What a service reads there."""
        return (self._secrets / name).read_text().strip()

    def settings(self, name: str) -> dict[str, str]:
        """The environment of a service."""
        inside = environment(SERVICES[name]) | {"YIPING_CLUSTER": ""}
        placed = {k: v.replace("/run/secrets", str(self._secrets)) for k, v in inside.items()}
        data = self.folder / name
        data.mkdir(exist_ok=True)
        return placed | {"YIPING_DATA": str(data)}

    def job(self, name: str, *arguments: str) -> str:
        """Run a job to its end, or the operator's container with a command by hand."""
        service = SERVICES[name]
        start = service.get("entrypoint", ["python", "-m", "services"])
        words = [SCRIPT.get(word, word) for word in [*start, *(arguments or service["command"])]]
        placed = [
            substituted(word)
            .replace("/run/secrets", str(self._secrets))
            .replace("/etc/yiping", str(Path(__file__).parents[2] / "deploy/kafka"))
            for word in words
        ]
        done = subprocess.run(
            placed, env=os.environ | self.settings(name), capture_output=True, text=True
        )
        assert done.returncode == 0, f"{name}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def service(self, name: str) -> Service:
        """A service, not started, on a port of its own."""
        words = [substituted(word) for word in SERVICES[name]["command"]]
        command = words[: words.index("--host")]
        return Service(name, command, self.folder, self.settings(name), free_port())
