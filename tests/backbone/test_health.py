"""Health: alive, ready, and in which numbers."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from services.backbone import health
from services.backbone.telemetry import Metrics


class Parts:
    """Parts that can be switched off."""

    def __init__(self) -> None:
        self.held = {"writer": True, "projector": True}


@pytest.fixture
def parts() -> Parts:
    """The parts of a process."""
    return Parts()


@pytest.fixture
def client(parts: Parts) -> httpx.AsyncClient:
    """Its health over HTTP."""
    app = FastAPI()
    checks = {name: lambda name=name: parts.held[name] for name in parts.held}
    app.include_router(health.routes(Metrics(), checks))
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://yiping")


async def test_it_is_ready_when_every_part_is(client: httpx.AsyncClient) -> None:
    """Each is named."""
    answer = await client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "parts": {"writer": True, "projector": True}}


async def test_it_is_not_ready_while_one_part_is_not(
    client: httpx.AsyncClient, parts: Parts
) -> None:
    """503, and the part is named; alive it is all the same."""
    parts.held["projector"] = False
    answer = await client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "parts": {"writer": True, "projector": False}}
    assert (await client.get("/healthz")).json() == {"status": "alive"}


async def test_metrics_are_what_prometheus_reads(client: httpx.AsyncClient) -> None:
    """Its text format, with every metric from the start."""
    answer = await client.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# HELP yiping_waiting_events Events waiting for the writer" in answer.text
