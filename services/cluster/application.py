"""The HTTP side of a service that works in threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services import VERSION
from services.backbone import health, problems
from services.backbone.telemetry import Metrics


def application(
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
