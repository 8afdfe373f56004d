"""The process of ``yiping project``."""

from __future__ import annotations

from services.backbone import serving
from services.backbone.settings import Settings
from services.backbone.telemetry import Metrics
from services.cluster.application import application
from services.projector.runtime import Projection


def serve_project(settings: Settings, host: str, port: int) -> int:
    """Take the log into the views; processes of one group share its partitions."""
    metrics = Metrics()
    projection = Projection(settings, metrics)
    app = application(
        "projector",
        metrics,
        {"projector": projection.follows},
        start=projection.start,
        stop=projection.stop,
    )
    return serving.serve(app, host, port)
