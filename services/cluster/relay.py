"""The process of ``yiping relay``."""

from __future__ import annotations

from services.backbone import serving
from services.backbone.settings import Settings
from services.backbone.telemetry import Metrics
from services.cluster.application import application
from services.ingest.relay_runtime import relay_of


def serve_relay(settings: Settings, host: str, port: int) -> int:
    """Bring what the event store holds to Kafka; another process of it stands by."""
    metrics = Metrics()
    relay = relay_of(settings, metrics)

    def follows() -> bool:
        return relay.health.running and not relay.health.failures

    app = application("relay", metrics, {"relay": follows}, start=relay.start, stop=relay.stop)
    return serving.serve(app, host, port)
