"""A projector as a process of its own, wired."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from schemas.envelope import MARK_HEADER, LogMark
from services.backbone import broker
from services.backbone.log import Entry
from services.backbone.sending import Sender
from services.backbone.settings import Settings, from_environment
from services.backbone.telemetry import Metrics
from services.backbone.warehouse import Warehouse, connect
from services.ingest.relay import records
from services.projector import checkpoints
from services.projector.check import check
from services.projector.errors import ViewsOutdated
from services.projector.migrations import apply
from services.projector.runtime import Projection, make_ready
from tests.support.clickhouse import ClickHouse
from tests.support.events import event
from tests.support.histories import records_of
from tests.support.ingest import House
from tests.support.kafka import Kafka
from tests.support.records import province
from tests.support.waiting import eventually

ENTRIES = list(islice(province(17, at_once=20), 200))
PARTITIONS = 4


@contextmanager
def projecting(settings: Settings) -> Iterator[tuple[Projection, Metrics]]:
    """A projection that is stopped at the end."""
    metrics = Metrics()
    projection = Projection(settings, metrics)
    projection.start()
    try:
        yield projection, metrics
    finally:
        projection.stop()


def relay(place: broker.Topic, entries: Sequence[Entry]) -> None:
    """Send entries to Kafka as the relay does, and a mark to each partition."""
    rows = [(e.position, b"{" + e.body[e.body.index(b'"stream"') :]) for e in entries]
    (last,) = records_of([entries[-1]])
    mark = LogMark(
        node="main",
        position=last.position,
        received_at=last.received_at,
        partitions=PARTITIONS,
    )
    body = msgspec.json.encode(mark)
    with closing(Sender(place, "test")) as sender:
        sender.send(records("main", rows, PARTITIONS)).wait()
        sender.send(((p, None, body) for p in range(PARTITIONS)), (MARK_HEADER,)).wait()


@pytest.fixture
def settings(
    tmp_path: Path, kafka: Kafka, topic: str, clickhouse: ClickHouse, clickhouse_database: str
) -> Settings:
    """A cluster's: Kafka and a warehouse over HTTP, in which nothing stands yet."""
    variables = {
        "YIPING_LOG": kafka.dsn(topic),
        "YIPING_GROUP": f"group-{topic}",
        "YIPING_WAREHOUSE": clickhouse.dsn(database=clickhouse_database),
    }
    return from_environment(tmp_path, variables)


@pytest.fixture
def server(settings: Settings) -> Iterator[Warehouse]:
    """A client of its own."""
    with closing(connect(settings.warehouse)) as client:
        yield client


def complete_to(server: Warehouse, position: int) -> Callable[[], bool]:
    """Whether the live node is complete up to there."""

    def holds() -> bool:
        told = checkpoints.complete(server).get("main")
        return told is not None and told.position >= position

    return holds


def test_it_waits_for_the_views_and_follows_the_log(settings: Settings, server: Warehouse) -> None:
    """Whatever comes up first: no view is made by a projector of a cluster."""
    place = broker.parse("YIPING_LOG", settings.log)
    relay(place, ENTRIES[:150])
    with projecting(settings) as (projection, metrics):
        eventually(lambda: bool(metrics.registry.get_sample_value("yiping_projector_failures")))
        assert not projection.follows()
        with pytest.raises(ViewsOutdated, match="events"):
            make_ready(server)

        apply(server)
        eventually(complete_to(server, 150))
        assert projection.follows()
        relay(place, ENTRIES[150:])
        eventually(complete_to(server, 200))

    assert not projection.follows()
    assert check(server, ENTRIES, total=200).listed == []


def test_two_share_the_log(settings: Settings, server: Warehouse) -> None:
    """Each has some of the partitions, tells of them alone, and hands them over when it ends."""
    apply(server)
    place = broker.parse("YIPING_LOG", settings.log)

    def shown(metrics: Metrics) -> set[str]:
        return {
            sample.labels["partition"]
            for metric in metrics.registry.collect()
            for sample in metric.samples
            if sample.name == "yiping_log_offset"
        }

    with projecting(settings) as (_, first):
        eventually(lambda: len(shown(first)) == PARTITIONS)
        with projecting(settings) as (_, second):
            eventually(lambda: len(shown(first)) == len(shown(second)) == 2)
            relay(place, ENTRIES[:150])
            eventually(complete_to(server, 150))
            counts = [
                m.registry.get_sample_value("yiping_projected_events") for m in (first, second)
            ]
            lag = first.registry.get_sample_value("yiping_lag_events")
        relay(place, ENTRIES[150:])
        eventually(complete_to(server, 200))

    assert sum(map(int, filter(None, counts))) == 150
    assert None not in counts
    assert lag == 0
    assert check(server, ENTRIES, total=200).listed == []


def test_without_kafka_it_tails_the_event_store(tmp_path: Path) -> None:
    """Embedded views are made on the way; the store tells what it has settled."""
    with House(tmp_path) as house:
        house.record([event(id_=str(n), subject=f"R{n}") for n in range(5)])
        with projecting(from_environment(tmp_path, {})) as (projection, metrics):
            eventually(projection.follows)
            eventually(lambda: metrics.registry.get_sample_value("yiping_projected_events") == 5)
            assert metrics.registry.get_sample_value("yiping_log_holes") == 0

    with closing(connect(f"chdb://{tmp_path}/views")) as views:
        assert checkpoints.complete(views)["main"].position == 5


def test_it_ends_also_while_it_waits(tmp_path: Path) -> None:
    """Nothing is there: not even then does stopping wait."""
    settings = from_environment(tmp_path, {"YIPING_LOG": "kafka://127.0.0.1:9/log"})
    with projecting(settings) as (projection, metrics):
        eventually(lambda: bool(metrics.registry.get_sample_value("yiping_projector_failures")))

        assert not projection.follows()
