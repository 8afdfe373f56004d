"""The process of ``yiping dashboard``."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import FastAPI

from schemas import organisations
from services import VERSION
from services.backbone import health, identity, problems, serving
from services.backbone.errors import WarehouseFailed
from services.backbone.progress import Progress
from services.backbone.settings import Settings
from services.backbone.telemetry import Metrics, log_to_stderr
from services.dashboard_api.runtime import Dashboard, Options
from services.dashboard_api.socket import LiveSocket

RETRY_S = 1.0

log = logging.getLogger(__name__)

_T = TypeVar("_T")


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
