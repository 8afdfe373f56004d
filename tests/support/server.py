"""The product as a process of its own: started on a free loopback port, stopped by its id."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from services.backbone.settings import from_environment
from services.ingest.runtime import local_issuer
from tests.support.service import POLL_S, READY_S, Service


class Server(Service):
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
        super().__init__(
            data.name,
            (command, "--data", str(data), *arguments),
            data.parent,
            environment or {},
            port,
        )

    def start(self, *, wait: bool = True) -> Self:
        """Start it and wait until it is ready."""
        super().start()
        if wait:
            self.wait_ready()
        return self

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
