"""Kafka's records into all views: by one process, over HTTP, and by two that share the topic.

Beside it the bare loop: kafka-python read by blocks, each inserted into ``events`` with two
views, nothing checked, counted, reported or checkpointed.  Rates are the best of the runs on
both sides.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec
from kafka import TopicPartition

from schemas.envelope import MARK_HEADER, LogMark
from services.backbone import broker
from services.backbone.kafka_log import KafkaLog
from services.backbone.log import Entry
from services.backbone.progress import Progress
from services.backbone.sending import Sender
from services.backbone.warehouse import Warehouse, connect, make_database
from services.ingest.relay import records
from services.projector.migrations import apply
from services.projector.runner import Projector
from services.projector.view_files import load, named
from tests.bench.rows import Row
from tests.support.clickhouse import ClickHouse
from tests.support.kafka import Kafka
from tests.support.records import START, province
from tests.support.service import Service

RECORDS = 120_000
PARTITIONS = 4
RUNS = 3
TWO_VIEWS = ("flows", "things")
BLOCK_ROWS = 10_000
FULL_S = 300.0
POLL_S = 0.05


def run() -> list[Row]:
    """In the process with chDB, over HTTP, and with two processes."""
    with tempfile.TemporaryDirectory() as folder, Kafka(Path(folder) / "kafka") as kafka:
        entries = list(islice(province(1), RECORDS))
        topic = _topic(kafka, "whole")
        _fill(topic, entries)
        bare = max(_bare(topic) for _ in range(RUNS))
        inside = max(_inside(topic) for _ in range(RUNS))
        bare_http = max(_bare_http(Path(folder) / f"bare-{n}", topic) for n in range(RUNS))
        over_http = {n: _over_http(Path(folder) / f"http-{n}", kafka, entries, n) for n in (1, 2)}
    note = "all views, marks, checkpoints, keyframes; limit: one table, two views"
    return [
        Row("Kafka → all views, chDB in the process", bare, inside, "ev/s", note),
        Row(
            "Kafka → all views over HTTP, one process", bare_http, over_http[1], "ev/s",
            "the stand-in for ClickHouse works on the same cores",
        ),
        Row(
            "Kafka → all views over HTTP, two processes", over_http[1] * 2, over_http[2], "ev/s",
            "limit: twice the row above, on a machine with cores for all",
        ),
    ]  # fmt: skip


def _topic(kafka: Kafka, name: str) -> broker.Topic:
    dsn = kafka.dsn(kafka.create_topic(f"enforcement.events.{name}", PARTITIONS))
    return broker.parse("YIPING_LOG", dsn)


def _fill(topic: broker.Topic, entries: Sequence[Entry]) -> None:
    """Send all records as the relay does, and a mark at the end."""
    with closing(Sender(topic, "bench")) as sender:
        sent = []
        for start in range(0, len(entries), 2_000):
            rows = [(e.position, _stored(e.body)) for e in entries[start : start + 2_000]]
            sent.append(sender.send(records("main", rows, PARTITIONS)))
        for batches in sent:
            batches.wait()
        mark = LogMark(node="main", position=len(entries), received_at=START, partitions=PARTITIONS)
        body = msgspec.json.encode(mark)
        sender.send(((p, None, body) for p in range(PARTITIONS)), (MARK_HEADER,)).wait()


def _stored(body: bytes) -> bytes:
    """A log record without its node and position, as it was stored."""
    return b"{" + body[body.index(b'"stream"') :]


def _bare(topic: broker.Topic) -> float:
    with _chdb() as warehouse:
        return _bare_loop(topic, warehouse)


def _bare_http(folder: Path, topic: broker.Topic) -> float:
    with ClickHouse(folder) as server:
        make_database(server.dsn("migrator"))
        with closing(connect(server.dsn("migrator"))) as warehouse:
            return _bare_loop(topic, warehouse)


def _bare_loop(topic: broker.Topic, warehouse: Warehouse) -> float:
    files = load()
    warehouse.command(files[0].create())
    for name in TWO_VIEWS:
        warehouse.command(named(name, files).create())
        warehouse.command(named(name, files).follow())
    reader = broker.consumer(topic, "bench")
    places = [_place(topic, partition) for partition in range(PARTITIONS)]
    reader.assign(places)
    reader.seek_to_beginning(*places)
    block: list[bytes] = []
    read, began = 0, time.perf_counter()
    while read < RECORDS:
        for found in reader.poll(1000, max_records=BLOCK_ROWS).values():
            block += [record.value for record in found if record.key is not None]
        if len(block) >= BLOCK_ROWS or read + len(block) == RECORDS:
            warehouse.insert_json("events", b"\n".join(block))
            read += len(block)
            block.clear()
    rate = RECORDS / (time.perf_counter() - began)
    reader.close()
    return rate


def _place(topic: broker.Topic, partition: int) -> TopicPartition:
    return TopicPartition(topic.name, partition)


def _inside(topic: broker.Topic) -> float:
    with _chdb() as warehouse, closing(KafkaLog(topic)) as log:
        apply(warehouse)
        progress = Progress()
        began = time.perf_counter()
        Projector(warehouse, log, progress, block_rows=BLOCK_ROWS).catch_up()
        rate = RECORDS / (time.perf_counter() - began)
        assert progress.snapshot().positions == {"main": RECORDS}
        return rate


def _over_http(folder: Path, kafka: Kafka, entries: Sequence[Entry], processes: int) -> float:
    """From the first record sent to a group that waits for it until all views show the last."""
    folder.mkdir()
    topic = _topic(kafka, f"for-{processes}")
    with ExitStack() as ending:
        server = ending.enter_context(ClickHouse(folder / "views"))
        make_database(server.dsn("migrator"))
        reading = ending.enter_context(closing(connect(server.dsn("migrator"))))
        apply(reading)
        settings = {
            "YIPING_DATA": str(folder),
            "YIPING_LOG": kafka.dsn(topic.name),
            "YIPING_GROUP": f"bench-{processes}",
            "YIPING_WAREHOUSE": server.dsn("writer"),
        }
        services = [
            Service(f"project-{n}", ("project",), folder, settings) for n in range(processes)
        ]
        for service in services:
            ending.callback(service.stop)
            service.start()
        for service in services:
            service.wait_ready()
            _wait_for(partial(service.says, "yiping_log_offset"), service.name)
        began = time.perf_counter()
        _fill(topic, entries)
        _wait_for(lambda: _complete(reading) == RECORDS, "the last record")
        return RECORDS / (time.perf_counter() - began)


def _wait_for(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + FULL_S
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not come within {FULL_S:.0f} s")
        time.sleep(POLL_S)


def _complete(warehouse: Warehouse) -> int:
    rows = warehouse.rows("SELECT position FROM complete")
    return int(rows[0][0]) if rows else 0


@contextmanager
def _chdb() -> Iterator[Warehouse]:
    with tempfile.TemporaryDirectory() as folder:
        warehouse = connect(f"chdb://{folder}/views")
        yield warehouse
        warehouse.close()


if __name__ == "__main__":
    for row in run():
        print(row)
