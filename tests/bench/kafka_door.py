"""Durable admission through the Kafka door, beside the HTTP door's on the same events.

The messages wait on the topic before the server starts, so nobody but the broker and the door is
busy; the time runs from the first receipt to the last, by the clock of the receipts themselves.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from services.ingest.bodies import BATCH as BATCH_TYPE
from services.ingest.bodies import SINGLE
from services.ingest.receipts import Place
from tests.bench.admission import BATCH, PROVINCE, _bodies, _post
from tests.bench.rows import Row
from tests.support.centres import Centres
from tests.support.kafka import Kafka
from tests.support.server import Server

SINGLES = 40_000


def run() -> list[Row]:
    """The HTTP door, then the Kafka door with batches and with single events."""
    bodies = _bodies()
    events = [raw for body in bodies for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    singles = [bytes(raw) for raw in events[:SINGLES]]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with Server(data / "http", command="ingest") as server:
            limit = asyncio.run(_post(server.url, server.token(PROVINCE, "centre"), bodies))
        with Kafka(data / "kafka") as kafka:
            batches = _through(kafka, data / "batches", bodies, BATCH_TYPE)
            ones = _through(kafka, data / "singles", singles, SINGLE)
    note = "limit: the HTTP door on the same events"
    return [
        Row(f"Kafka door, {BATCH} events a message", limit, batches, "ev/s", note),
        Row("Kafka door, one event a message", limit, ones, "ev/s", f"{note}, 500 a batch"),
    ]


def _through(kafka: Kafka, data: Path, bodies: Sequence[bytes], content_type: str) -> float:
    """Events a second from the first receipt to the last."""
    with Centres(kafka, data.name) as centres:
        environment = {f"YIPING_{name.upper()}": v for name, v in centres.settings.items()}
        server = Server(data, command="ingest", environment=environment)
        token = server.token(PROVINCE, "centre")
        # A centre's events stay in order: one key, so one partition, for each of four.
        messages = [(body, b"%d" % (n % 4), n % 4) for n, body in enumerate(bodies)]
        places = centres.publish_all(messages, token, content_type=content_type)
        with server:
            centres.hear(lambda: len(centres.heard) >= len(places), 120)
        return _rate(centres, places)


def _rate(centres: Centres, places: Sequence[Place]) -> float:
    total = sum(receipt.total for _, receipt in centres.heard)
    statuses = {answer.status for _, receipt in centres.heard for answer in receipt.results}
    if len(centres.heard) != len(places) or statuses != {"accepted"}:
        raise RuntimeError(f"{len(centres.heard)} receipts for {len(places)}: {statuses}")
    first = min(centres.said_at_ms)
    begun = sum(
        receipt.total
        for (_, receipt), at_ms in zip(centres.heard, centres.said_at_ms, strict=True)
        if at_ms == first
    )
    return (total - begun) / (max(centres.said_at_ms) - first) * 1000
