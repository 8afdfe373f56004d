"""PostgreSQL's event store to Kafka, as the relay does it: read, sent, acknowledged, marked.

Beside it, in the same run, what the parts do alone: kafka-python's own ``send`` with the same
bytes, which makes a future for each record, and the store read to its end.  Best of the runs.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import msgspec
from eventsourcing.persistence import StoredEvent

from schemas.envelope import LogRecord
from services.backbone.broker import Topic, parse, producer
from services.backbone.event_store import Commit, NodeHead
from services.backbone.log import Entry
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.sending import Sender
from services.backbone.telemetry import Metrics
from services.ingest.relay import Row as Stored
from services.ingest.relay import records
from services.ingest.relay_delivery import PART_ROWS, Delivery
from tests.bench.rows import Row
from tests.support.kafka import Kafka
from tests.support.postgres import Postgres
from tests.support.records import province

RECORDS = 120_000
PARTITIONS = 8
RUNS = 3
COMMIT_ROWS = 2_000


def run() -> list[Row]:
    """The relay, and how far each of its sides goes alone."""
    with _places() as (store, topic):
        size = _fill(store, list(islice(province(1), RECORDS)))
        read = max(_read(store) for _ in range(RUNS))
        rows = store.read("main", 0, RECORDS)
        own = max(_own_send(topic, rows) for _ in range(RUNS))
        batches = max(_batches(topic, rows) for _ in range(RUNS))
        relayed = max(_relayed(store, topic) for _ in range(RUNS))
    note = f"{size} bytes a record, acks=all, {PARTITIONS} partitions, one broker"
    return [
        Row("PostgreSQL → Kafka, limit: kafka-python's own send", own, relayed, "ev/s", note),
        Row("… limit: the store read to its end", read, relayed, "ev/s", ""),
        Row("sending alone, limit: kafka-python's own send", own, batches, "ev/s", "same bytes"),
    ]


@contextmanager
def _places() -> Iterator[tuple[PostgresEventStore, Topic]]:
    postgres = Postgres()
    try:
        postgres.start()
        with (
            tempfile.TemporaryDirectory() as folder,
            Kafka(Path(folder) / "kafka") as kafka,
            PostgresEventStore(postgres.create_database("bench")) as store,
        ):
            name = kafka.create_topic("enforcement.events.bench", PARTITIONS)
            yield store, parse("YIPING_LOG", kafka.dsn(name))
    finally:
        postgres.remove()


def _fill(store: PostgresEventStore, entries: Sequence[Entry]) -> int:
    """All records as ingest commits them; the bytes of one on the average."""
    whole = 0
    for start in range(0, len(entries), COMMIT_ROWS):
        events = [_stored(entry) for entry in entries[start : start + COMMIT_ROWS]]
        whole += sum(len(event.state) for event in events)
        end = start + len(events)
        head = NodeHead("main", end, "2026-01-01T00:00:00+00:00", "00")
        store.commit(Commit({"main": events}, [head], [], [], [], []))
    return whole // len(entries)


def _stored(entry: Entry) -> StoredEvent:
    record = msgspec.json.decode(entry.body, type=LogRecord)
    begins = entry.body.index(b'"stream":')
    return StoredEvent(record.stream, record.version, "fact", b"{" + entry.body[begins:])


def _read(store: PostgresEventStore) -> float:
    began, after = time.perf_counter(), 0
    while rows := store.read("main", after, PART_ROWS):
        after = rows[-1][0]
    return after / (time.perf_counter() - began)


def _own_send(topic: Topic, rows: Sequence[Stored]) -> float:
    """Events a second by ``KafkaProducer.send``; every future is looked at."""
    with closing(producer(topic, "bench")) as sender:
        sender.partitions_for(topic.name)
        began = time.perf_counter()
        futures = [
            sender.send(topic.name, value=value, key=key, partition=partition)
            for partition, key, value in records("main", rows, PARTITIONS)
        ]
        sender.flush()
        if not all(future.succeeded() for future in futures):
            raise RuntimeError("a record was not delivered")
        return len(rows) / (time.perf_counter() - began)


def _batches(topic: Topic, rows: Sequence[Stored]) -> float:
    """Events a second by whole batches."""
    with closing(Sender(topic, "bench")) as sender:
        began = time.perf_counter()
        parts = [
            sender.send(records("main", rows[start : start + PART_ROWS], PARTITIONS))
            for start in range(0, len(rows), PART_ROWS)
        ]
        for part in parts:
            part.wait()
        return len(rows) / (time.perf_counter() - began)


def _relayed(store: PostgresEventStore, topic: Topic) -> float:
    """Events a second from the first to the last, told as complete and noted."""
    with (
        closing(Sender(topic, "bench")) as sender,
        closing(
            Delivery(
                store, sender, {},
                save=lambda cursors: store.save_cursor("bench", cursors),
                metrics=Metrics(), clock_s=time.monotonic,
            )
        ) as delivery,
    ):  # fmt: skip
        began = time.perf_counter()
        while delivery.step():
            pass
        delivery.finish()
        return RECORDS / (time.perf_counter() - began)
