"""The product as a process of its own: started on a free loopback port, stopped by its id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from services.backbone.settings import from_environment
from services.ingest.runtime import local_issuer
from tests.support.ports import free_port

READY_S = 60.0
POLL_S = 0.05


class Server:
    """``yiping serve`` (or another serving command) on a data folder; can be killed and begun."""

    def __init__(
        self,
        data: Path,
        *,
        command: str = "serve",
        arguments: Sequence[str] = (),
        port: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """``environment`` is added to the test's own."""
        self.data = data
        self.port = port or free_port()
        self._command = [
            sys.executable, "-m", "services", command,
            "--data", str(data), "--port", str(self.port), *arguments,
        ]  # fmt: skip
        self._environment = {**os.environ, **(environment or {})}
        self._log = data.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self, *, wait: bool = True) -> Self:
        """Start it and wait until it is ready."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=self._environment
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """Wait until every part does its work; raises RuntimeError with its log's end."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:  # noqa: S310
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(POLL_S)
        raise RuntimeError(f"not ready; its log ends:\n{self.log[-3000:]}")

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """Ask it to end and wait."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def token(self, org: str, role: str) -> str:
        """A token of the server's own issuer."""
        return local_issuer(from_environment(self.data)).issue(org, role)

    def get(self, path: str, token: str) -> Any:
        """The JSON that a GET answers; raises urllib.error.HTTPError."""
        request = urllib.request.Request(  # noqa: S310 - loopback only
            self.url + path, headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback only
            return msgspec.json.decode(answer.read())

    def wait_for(
        self, path: str, token: str, holds: Callable[[Any], bool], timeout_s: float = READY_S
    ) -> Any:
        """The first answer of a GET that ``holds``; raises TimeoutError with the last one."""
        deadline = time.monotonic() + timeout_s
        while not holds(answer := self.get(path, token)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} still answers {answer!r:.500}")
            time.sleep(POLL_S)
        return answer

    def post(
        self, token: str, body: bytes, content_type: str = "application/cloudevents-batch+json"
    ) -> Any:
        """The JSON that a POST of events answers; raises urllib.error.HTTPError."""
        request = urllib.request.Request(  # noqa: S310 - loopback only
            f"{self.url}/v1/events",
            data=body,
            headers={"Authorization": f"Bearer {token}", "Content-Type": content_type},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback only
            return msgspec.json.decode(answer.read())
