"""The leader of partitions is killed while batches are on their way to it.

kafka-python's own thread sends our batches again to the next leader, under their numbers: so none
is lost, none stands there twice, and streams stay in order.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from services.backbone.broker import parse
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.sending import Sender
from services.backbone.telemetry import Metrics
from services.backbone.topics import apply, log_topic
from services.ingest import relay_delivery
from services.ingest.relay_delivery import Delivery
from tests.support.kafka import Kafka
from tests.support.relaying import Got, append, moment_of

EVENTS = 20_000
KILLED_AT = 4_000
PATIENT = {"delivery_timeout_ms": 100_000}
WITHIN_S = 100.0


def test_a_leader_killed_among_three(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 in the middle of 20,000 events: each stands there once, in its place."""
    monkeypatch.setattr(relay_delivery, "PART_ROWS", 100)
    with Kafka(tmp_path, brokers=3) as kafka, PostgresEventStore(database) as store:
        place = parse("YIPING_LOG", kafka.dsn("events"))
        apply(place, [log_topic("events")])
        append(store, 1, EVENTS)
        metrics, finished = Metrics(), threading.Event()
        with (
            closing(Sender(place, "test", **PATIENT)) as sender,
            closing(
                Delivery(
                    store, sender, {},
                    save=lambda _: None, metrics=metrics, clock_s=time.monotonic,
                )
            ) as delivery,
        ):  # fmt: skip

            def relay() -> None:
                while delivery.step():
                    pass
                delivery.finish()
                finished.set()

            relaying = threading.Thread(target=relay)
            relaying.start()
            while (_at(metrics)) < KILLED_AT:
                assert relaying.is_alive()
            kafka.brokers[kafka.leaders("events")[0]].kill()
            relaying.join(WITHIN_S)
        assert finished.is_set()
        got = Got(place)

    streams: dict[str, list[int]] = defaultdict(list)
    for entry in got.entries:
        streams[msgspec.json.decode(entry.body)["stream"]].append(entry.position)
    assert got.positions() == list(range(1, EVENTS + 1))
    assert all(positions == sorted(positions) for positions in streams.values())
    assert got.told() == {(EVENTS, moment_of(EVENTS))}


def _at(metrics: Metrics) -> float:
    return metrics.registry.get_sample_value("yiping_relay_position", {"node": "main"}) or 0
