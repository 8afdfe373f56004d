"""The services of a cluster, each a process of its own with /healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from fastapi import FastAPI

from schemas import organisations
from services.backbone import health, identity, problems, serving
from services.backbone.errors import WarehouseFailed
from services.backbone.progress import Progress
from services.backbone.settings import Settings
from services.backbone.telemetry import Metrics, log_to_stderr
from services.dashboard_api.runtime import Dashboard, Options
from services.dashboard_api.socket import LiveSocket
from services.embedded import VERSION
from services.ingest import posting
from services.ingest.relay_runtime import relay_of
from services.ingest.runtime import Ingest
from services.projector.runtime import Projection

RETRY_S = 1.0

log = logging.getLogger(__name__)

_T = TypeVar("_T")


def serve_ingest(
    settings: Settings,
    host: str,
    port: int,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Serve the doors and the event store alone."""
    metrics = Metrics()
    ingest = Ingest(settings, organisations.load(settings.organisations), metrics, now)
    app = _application("ingest", metrics, ingest.checks(), start=ingest.start, stop=ingest.stop)
    posting.install(app, ingest.door)
    return serving.serve(app, host, port)


def serve_relay(settings: Settings, host: str, port: int) -> int:
    """Bring what the event store holds to Kafka; another process of it stands by."""
    metrics = Metrics()
    relay = relay_of(settings, metrics)

    def follows() -> bool:
        return relay.health.running and not relay.health.failures

    app = _application("relay", metrics, {"relay": follows}, start=relay.start, stop=relay.stop)
    return serving.serve(app, host, port)


def serve_project(settings: Settings, host: str, port: int) -> int:
    """Take the log into the views; processes of one group share its partitions."""
    metrics = Metrics()
    projection = Projection(settings, metrics)
    app = _application(
        "projector",
        metrics,
        {"projector": projection.follows},
        start=projection.start,
        stop=projection.stop,
    )
    return serving.serve(app, host, port)


def serve_dashboard(settings: Settings, host: str, port: int) -> int:
    """Serve walls from the warehouse alone; any number of these show the same."""
    metrics = Metrics()
    codes = organisations.load(settings.organisations)
    dashboard = _as_soon_as_possible(
        lambda: Dashboard(
            settings,
            organisations=codes,
            issuer=identity.local_issuer(settings.keys),
            progress=Progress(),
            metrics=metrics,
            options=Options(version=VERSION),
        )
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        await dashboard.start(follow_checkpoints=True)
        yield dashboard.state
        await dashboard.stop()

    app = FastAPI(title="Yiping dashboard", version=VERSION, lifespan=lifespan)
    problems.install(app)
    app.include_router(dashboard.routes())
    app.include_router(health.routes(metrics, {"dashboard": lambda: dashboard.is_ready}))
    dashboard.mount_wall(app)
    return serving.serve(app, host, port, LiveSocket)


def _as_soon_as_possible(make: Callable[[], _T]) -> _T:
    """Make what needs a warehouse that may come up later than this process."""
    log_to_stderr()
    while True:
        try:
            return make()
        except WarehouseFailed as error:
            log.warning("cannot begin yet: %s", error)
        time.sleep(RETRY_S * (0.5 + random.random()))  # noqa: S311 - only keeps processes apart


def _application(
    name: str,
    metrics: Metrics,
    checks: Mapping[str, Callable[[], bool]],
    *,
    start: Callable[[], None],
    stop: Callable[[], None],
) -> FastAPI:
    """A service that works in threads of its own and is asked how it does."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(start)
        yield
        await asyncio.to_thread(stop)

    app = FastAPI(title=f"Yiping {name}", version=VERSION, lifespan=lifespan)
    problems.install(app)
    app.include_router(health.routes(metrics, checks))
    return app
