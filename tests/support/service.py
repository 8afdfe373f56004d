"""One service of a cluster as a process: its port, whether it is ready, its log."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from tests.support.processes import Process

READY_S = 90.0
POLL_S = 0.05


class Service(Process):
    """``yiping NAME …`` with an address of its own."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        settings: Mapping[str, str],
        port: int = 0,
    ) -> None:
        self.name = name
        self.port = port or free_port()
        super().__init__(
            [sys.executable, "-m", "services", *command, "--port", str(self.port)],
            folder / f"{name}.log",
            environment=os.environ | dict(settings),
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ready(self) -> bool:
        """Whether every part of it does its work."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait_ready(self, timeout_s: float = READY_S) -> None:
        """Wait until every part does its work; raises RuntimeError with its log's end."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            _ = self.pid  # raises with its log's end when it has ended
            if self.ready:
                return
            time.sleep(POLL_S)
        raise RuntimeError(f"{self.name} is not ready; its log ends:\n{self.tail()}")

    def get(self, path: str, token: str) -> Any:
        """The JSON that a GET answers; raises urllib.error.HTTPError."""
        request = urllib.request.Request(  # noqa: S310 - loopback only
            self.url + path, headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback only
            return json.load(answer)

    def says(self, name: str) -> bool:
        """Whether it has a value for a metric."""
        try:
            self.metric(name)
        except KeyError:
            return False
        return True

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels; raises KeyError where there is none."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:  # noqa: S310
            page = answer.read().decode()
        values = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", page, re.MULTILINE)
        if not values:
            raise KeyError(name)
        return sum(map(float, values))
