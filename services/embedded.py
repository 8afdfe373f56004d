"""All services in one process: the embedded default, and the one root that wires them."""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from schemas import organisations
from services import VERSION
from services.backbone import health, problems, serving
from services.backbone.progress import NEVER, Progress
from services.backbone.settings import Settings, from_environment
from services.backbone.telemetry import Metrics
from services.backbone.warehouse import connect
from services.dashboard_api.runtime import Dashboard, Options
from services.dashboard_api.socket import LiveSocket
from services.ingest import posting
from services.ingest.runtime import Ingest
from services.projector.runner import Projector


class Embedded:
    """Every service of one process, wired; ``start`` before use, ``stop`` at the end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.organisations = organisations.load(settings.organisations)
        self.ingest = Ingest(settings, self.organisations, self.metrics)
        self.progress = Progress()
        self.writing = connect(settings.warehouse)
        self.projector = Projector(self.writing, self.ingest.log, self.progress)
        self.dashboard = Dashboard(
            settings,
            organisations=self.organisations,
            issuer=self.ingest.issuer,
            progress=self.progress,
            metrics=self.metrics,
            options=Options(version=VERSION),
        )
        self._watch_projector()

    def _watch_projector(self) -> None:
        """Let the metrics ask the projector whenever they are read."""
        metrics, projector = self.metrics, self.projector
        metrics.projected.set_function(lambda: projector.health.records)
        metrics.projector_failures.set_function(lambda: projector.health.failures)
        metrics.lag_events.set_function(self._lag_events)
        metrics.lag_s.set_function(self._lag_s)

    def _lag_events(self) -> float:
        applied = self.progress.snapshot().positions
        heads = self.ingest.store.heads()
        return sum(head.position - applied.get(node, 0) for node, head in heads.items())

    def _lag_s(self) -> float:
        watermark = self.progress.snapshot().watermark
        if watermark == NEVER:
            return math.nan
        return (datetime.now(UTC) - watermark).total_seconds()

    async def start(self) -> None:
        """Begin to record, project and show; raises WarehouseFailed when views cannot be made."""
        self.ingest.start()
        await asyncio.to_thread(self.projector.start)
        await self.dashboard.start()

    async def stop(self) -> None:
        """Send viewers away, record and project what waits, then let go of everything."""
        await self.dashboard.stop()
        await asyncio.to_thread(self._stop_recording)

    def _stop_recording(self) -> None:
        self.ingest.stop_recording()
        self.projector.stop()
        self.ingest.close()
        self.writing.close()

    def close(self) -> None:
        """Let go of everything where it was never started."""
        self.dashboard.close()
        self.ingest.close()
        self.writing.close()

    def application(self) -> FastAPI:
        """The HTTP application of all services."""

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
            await self.start()
            yield self.dashboard.state
            await self.stop()

        app = FastAPI(title="Yiping 一屏", version=VERSION, lifespan=lifespan)
        problems.install(app)
        posting.install(app, self.ingest.door)
        app.include_router(self.dashboard.routes())
        app.include_router(
            health.routes(
                self.metrics,
                {
                    **self.ingest.checks(),
                    "projector": lambda: self.projector.health.running,
                    "dashboard": lambda: self.dashboard.is_ready,
                },
            )
        )
        self.dashboard.mount_wall(app)
        return app


def serve(settings: Settings, host: str, port: int) -> int:
    """Serve everything until asked to end."""
    return serving.serve(Embedded(settings).application(), host, port, LiveSocket)


def openapi() -> dict[str, Any]:
    """The OpenAPI document of everything served over HTTP."""
    with tempfile.TemporaryDirectory() as folder:
        embedded = Embedded(from_environment(Path(folder), {}))
        document = embedded.application().openapi()
        embedded.close()
    return document
