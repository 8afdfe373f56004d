"""Work done twice, handed over, or done by two at once: the views are the fold all the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.support.cluster import Cluster
from tests.support.traffic import Traffic

Settle = Callable[[], None]
RECORDS_AGAIN = 2_000


def _members(cluster: Cluster) -> int:
    """How many projectors share the partitions, by the broker's word."""
    with closing(cluster.kafka.admin()) as admin:
        described = admin.describe_groups([cluster.group])
    return len(described[cluster.group]["members"])


def test_rebalances_during_batches(cluster: Cluster, load: Traffic, settle: Settle) -> None:
    """Projectors join and leave, in order and by kill -9, while blocks are under way."""
    third = cluster.another("project-3")
    for leave in (third.stop, third.kill):
        third.start()
        third.wait_ready()
        cluster.wait_for(lambda: _members(cluster) == 3, "no third projector")
        load.wait_for_answers()
        leave()
        load.wait_for_answers()
    cluster.dismiss(third)

    settle()


def test_two_projectors_believe_they_own_a_partition(
    cluster: Cluster, load: Traffic, settle: Settle
) -> None:
    """One hangs with its batch until the other has its partitions, then goes on with it."""
    hanging = cluster["project-1"]
    hanging.pause()
    cluster.wait_for(lambda: _members(cluster) == 1, "the one that hangs is still a member")
    load.wait_for_answers()
    hanging.resume()

    settle()


def test_two_relays_at_once(cluster: Cluster, load: Traffic, settle: Settle) -> None:
    """The one that relays hangs and loses its lease; the other relays; the first goes on."""
    relays = cluster.kind("relay")
    leading = next(relay for relay in relays if relay.says("yiping_relay_position"))
    leading.pause()
    with psycopg.connect(cluster.event_store, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            " AND ((classid::bigint << 32) | objid::bigint) = hashtextextended('yiping relay', 0)"
        )
    other = next(relay for relay in relays if relay is not leading)
    cluster.wait_for(lambda: other.says("yiping_relay_position"), "the other relay stands by")
    load.wait_for_answers()
    leading.resume()

    settle()


def test_everything_delivered_again(cluster: Cluster, load: Traffic, settle: Settle) -> None:
    """A relay whose cursor was lost sends the whole store again, behind what came since."""
    for relay in cluster.kind("relay"):
        relay.stop()
    with psycopg.connect(cluster.event_store, autocommit=True) as connection:
        connection.execute("TRUNCATE cursors")
    load.wait_for_answers()
    for relay in cluster.kind("relay"):
        relay.start()

    settle()


def test_records_come_again_in_any_order(cluster: Cluster, load: Traffic, settle: Settle) -> None:
    """Records that stand on the log stand there once more, in disorder, in their partitions."""
    load.wait_for_answers()
    records = _records(cluster)
    random.Random(7).shuffle(records)
    with closing(KafkaProducer(bootstrap_servers=cluster.kafka.addresses.split(","))) as producer:
        for record in records[:RECORDS_AGAIN]:
            producer.send(cluster.topic, record.value, record.key, partition=record.partition)
        producer.flush()

    settle()


def _records(cluster: Cluster) -> list[Any]:
    """All records of facts that stand on the log."""
    servers = cluster.kafka.addresses.split(",")
    with closing(KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)) as reader:
        places = [TopicPartition(cluster.topic, n) for n in range(cluster.partitions)]
        reader.assign(places)
        reader.seek_to_beginning(*places)
        ends = reader.end_offsets(places)
        found: list[Any] = []
        while any(reader.position(place) < ends[place] for place in places):
            for records in reader.poll(1000).values():
                found += [record for record in records if record.key is not None]
    return found
