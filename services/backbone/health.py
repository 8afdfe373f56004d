"""What a supervisor of processes asks: alive, ready, and in which numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from fastapi import APIRouter, Response

from services.backbone.telemetry import Metrics


def routes(metrics: Metrics, checks: Mapping[str, Callable[[], bool]]) -> APIRouter:
    """``/healthz``, ``/readyz`` (503 until every check holds) and ``/metrics``."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", summary="The process is alive")
    def healthz() -> Response:
        return _json({"status": "alive"}, 200)

    @router.get("/readyz", summary="Every part does its work")
    def readyz() -> Response:
        held = {name: check() for name, check in checks.items()}
        return _json(
            {"ready": all(held.values()), "parts": held}, 200 if all(held.values()) else 503
        )

    @router.get("/metrics", summary="Metrics for Prometheus")
    def page() -> Response:
        return Response(metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _json(value: object, status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
