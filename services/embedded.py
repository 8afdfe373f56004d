"""All services in one process: the embedded default, and the one root that wires them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from schemas import organisations
from services.backbone import health, problems
from services.backbone.event_store import SQLiteEventStore
from services.backbone.settings import Settings
from services.backbone.telemetry import Metrics, log_to_stderr
from services.ingest import door
from services.ingest.runtime import Ingest, verify_store

VERSION = "0.1.0"
SHUTDOWN_S = 5


def _application(title: str, lifespan: Callable[[FastAPI], object]) -> FastAPI:
    app = FastAPI(title=title, version=VERSION, lifespan=lifespan)  # type: ignore[arg-type]
    problems.install(app)
    return app


def serve_ingest(settings: Settings, host: str, port: int) -> int:
    """Serve the doors and the event store alone."""
    log_to_stderr()
    metrics = Metrics()
    ingest = Ingest(settings, organisations.load(settings.organisations), metrics)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        ingest.start()
        yield
        ingest.stop()

    app = _application("Yiping ingest", lifespan)
    app.include_router(door.routes(ingest.door))
    app.include_router(health.routes(metrics, {"writer": ingest.writer.alive}))
    _run(uvicorn.Config(app, host, port, **_SERVER))
    return 0


_SERVER = {
    "loop": "uvloop",
    "http": "httptools",
    "log_config": None,
    "access_log": False,
    "timeout_graceful_shutdown": SHUTDOWN_S,
}


def _run(config: uvicorn.Config) -> None:
    uvicorn.Server(config).run()


def progress_bar(text: str) -> Progress:
    """A progress bar on standard error."""
    from rich.console import Console

    return Progress(
        TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True),
    )  # fmt: skip


def verify(settings: Settings) -> int:
    """Verify the event store and print what was found; 1 when anything was."""
    store = SQLiteEventStore(settings.sqlite_path, write=False)
    total = sum(head.position for head in store.heads().values())
    with progress_bar("verifying") as bar:
        task = bar.add_task("", total=total)
        findings = verify_store(store, lambda n: bar.advance(task, n))
    store.close()
    for f in findings:
        print(f"{f.what}: {f.node} {f.position} {f.stream} {f.version}: {f.message}")
    print(f"{total} events, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0
