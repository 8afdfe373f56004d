"""The process of ``yiping ingest``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from schemas import organisations
from services.backbone import serving
from services.backbone.settings import Settings
from services.backbone.telemetry import Metrics
from services.cluster.application import application
from services.ingest import posting
from services.ingest.runtime import Ingest


def serve_ingest(
    settings: Settings,
    host: str,
    port: int,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Serve the doors and the event store alone."""
    metrics = Metrics()
    ingest = Ingest(settings, organisations.load(settings.organisations), metrics, now)
    app = application("ingest", metrics, ingest.checks(), start=ingest.start, stop=ingest.stop)
    posting.install(app, ingest.door)
    return serving.serve(app, host, port)
