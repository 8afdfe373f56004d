"""The ingest service for tests: in this thread alone, or behind real HTTP on a free port."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
import uvicorn
from fastapi import FastAPI

from schemas import organisations
from schemas.envelope import StoredFact
from services.backbone import problems
from services.backbone.settings import Settings, from_environment
from services.backbone.sqlite_keys import SQLiteKeys
from services.backbone.sqlite_store import SQLiteEventStore
from services.backbone.telemetry import Metrics
from services.backbone.vault import Vault
from services.ingest import posting
from services.ingest.admission import Rights, admit
from services.ingest.application import Answer, Application, Arrival
from services.ingest.bodies import BATCH
from services.ingest.runtime import Ingest, verify_store
from services.ingest.verification import Finding
from tests.support.events import COUNTY, NOON, PROVINCE, encoded

ORGANISATIONS = organisations.load()
MASTER = bytes(range(32))
INSIDES = re.compile(r"Traceback|Error|Exception|sqlite|File \"|/services/")


class Clock:
    """A clock that a test moves."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        """The time."""
        return self.moment

    def move(self, **by: float) -> None:
        """Let time pass, or jump back."""
        self.moment += timedelta(**by)


def arrival(
    event: Any,
    *,
    now: datetime = NOON,
    org: str = PROVINCE,
    node: str = "load-1",
    importer: bool = False,
    resends: str | None = None,
) -> Arrival:
    """One event at the door, admitted or refused as the door would."""
    raw = event if isinstance(event, bytes) else encoded(event)
    scope = organisations.scope_of(org)
    admitted = admit(raw, Rights(scope, importer), ORGANISATIONS, now)
    return Arrival(raw=raw, org=org, node=node, admitted=admitted, resends=resends)


class House:
    """The application over a real store and vault in a folder; can be closed and begun again."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.folder = folder
        self.clock = clock or Clock()
        self.open()

    def open(self) -> None:
        """Begin, as a process does."""
        self.store = SQLiteEventStore(self.folder / "events.sqlite")
        self.vault = Vault(SQLiteKeys(self.folder / "vault.sqlite"), MASTER)
        self.application = Application(self.store, self.vault, MASTER, self.clock)

    def close(self) -> None:
        """End."""
        self.vault.close()
        self.store.close()

    def restart(self) -> None:
        """End and begin again: nothing but what is durable is left."""
        self.close()
        self.open()

    def record(self, events: Iterable[Any], **sender: Any) -> list[Answer]:
        """Record events (dicts or raw bytes) in one commit."""
        return self.application.record([arrival(one, now=self.clock(), **sender) for one in events])

    def facts(self, node: str = "main") -> list[StoredFact]:
        """Every fact of a node's log, in order."""
        return [
            msgspec.json.decode(row.stored, type=StoredFact)
            for part in self.store.rows(node)
            for row in part
        ]

    def findings(self) -> list[Finding]:
        """What verification finds."""
        return verify_store(self.store, lambda _: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Served:
    """The ingest service behind uvicorn, in a thread, on a free loopback port."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.ingest = Ingest(settings, ORGANISATIONS, self.metrics, clock or Clock())
        # Listening from here on, so that nobody has to wait for the server.
        self._socket = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(self._application(), log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="served"
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _application(self) -> FastAPI:
        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            self.ingest.start()
            yield
            self.ingest.stop()

        app = FastAPI(lifespan=lifespan)
        problems.install(app)
        posting.install(app, self.ingest.door)
        return app

    def token(self, org: str = COUNTY, role: str = "centre") -> str:
        """A token of its own issuer."""
        return self.ingest.issuer.issue(org, role)

    def client(self, org: str = COUNTY, role: str = "centre") -> httpx.Client:
        """A client with such a token."""
        headers = {"Authorization": f"Bearer {self.token(org, role)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def metric(self, name: str, **labels: str) -> float:
        """The value of one of its metrics."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


def post(
    client: httpx.Client, body: bytes, content_type: str = BATCH, **headers: str
) -> httpx.Response:
    """POST /v1/events."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/events", content=body, headers={"content-type": content_type, **named})


def results(response: httpx.Response) -> list[dict[str, Any]]:
    """The answers of a response that has them, one for each event."""
    found: list[dict[str, Any]] = response.json()["results"]
    return found


def settings_in(folder: Path, **environment: str) -> Settings:
    """The embedded settings below a folder, with YIPING_* variables by their short names."""
    return from_environment(
        folder, {f"YIPING_{name.upper()}": value for name, value in environment.items()}
    )


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """It is a problem document (RFC 9457) that tells nothing of the inside."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert {"type", "title", "status", "code", "detail"} <= problem.keys()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"].endswith(code)
    assert not INSIDES.search(response.text)
    return problem


def told(response: httpx.Response) -> list[tuple[str | None, str]]:
    """Id and status of each result."""
    assert response.status_code == 200, response.text
    return [(one["id"], one["status"]) for one in results(response)]
