"""The log on Kafka keeps the promises of every log."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.backbone.broker import parse
from services.backbone.kafka_log import KafkaLog
from services.backbone.log import Log
from services.backbone.sending import Sender
from services.backbone.telemetry import Metrics
from services.ingest.relay_delivery import Delivery
from tests.contracts import test_log
from tests.support.ingest import House
from tests.support.kafka import Kafka


class TestKafkaLog(test_log.LogContract):
    """A topic that the relay fills, read by one who has all of it."""

    group: str | None = None

    @pytest.fixture
    def log(self, tmp_path: Path, kafka: Kafka, topic: str) -> Iterator[Log]:
        """Over a real store and a real broker."""
        place = parse("YIPING_LOG", kafka.dsn(topic))
        hours = itertools.count(step=3600.0)
        with (
            House(tmp_path) as house,
            closing(Sender(place, "relay")) as sender,
            closing(
                Delivery(
                    house.store, sender, {},
                    save=lambda _: None, metrics=Metrics(), clock_s=lambda: next(hours),
                )
            ) as delivery,
            closing(KafkaLog(place, group=self.group)) as log,
        ):  # fmt: skip
            self.house = house
            self.count = 0
            self.delivery = delivery
            while self.group and len(log.assigned() or ()) < 4:
                log.wait(test_log.WAIT_S)
            yield log

    def append(self, log: Log, node: str, count: int) -> None:
        """Record events as the writer does, and relay them; time enough passes for a mark."""
        test_log.TestStoreLog.record(self, node, count)  # type: ignore[arg-type]  # it has the same house
        while self.delivery.step():
            pass


class TestKafkaGroupLog(TestKafkaLog):
    """The same by a group's only member."""

    group = "contract"
