"""What is no record, in each partition of the log: set aside, and nothing waits behind it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from kafka import KafkaProducer

from services.backbone.warehouse import connect
from tests.support.cluster import Cluster
from tests.support.traffic import Traffic

Settle = Callable[[], None]
SET_ASIDE = "SELECT count() FROM set_aside FINAL"
# As the log's first bytes say a record; the warehouse finds out that it is none.
LIKE_A_RECORD = b'{"node":"main","position":1000000000,"stream":"person/R1","version":"what"}'


def _set_aside(cluster: Cluster) -> int:
    with closing(connect(cluster.warehouse.dsn("reader"))) as warehouse:
        return int(warehouse.rows(SET_ASIDE)[0][0])


POISON = (
    (b"\xff\xfe no json \x00", b"person/R1"),
    (b"", b"person/R1"),
    (b'{"node":"main"}', b"person/R1"),
    (b"null", None),
    (LIKE_A_RECORD, b"person/R1"),
)


def test_poison_in_every_partition_of_the_log(
    cluster: Cluster, load: Traffic, settle: Settle
) -> None:
    """Each is set aside for people to look at; the records behind it come to the views."""
    load.wait_for_answers()
    with closing(KafkaProducer(bootstrap_servers=cluster.kafka.addresses.split(","))) as producer:
        for partition in range(cluster.partitions):
            for value, key in POISON:
                producer.send(cluster.topic, value, key, partition=partition)
        producer.flush()

    settle()

    assert _set_aside(cluster) == len(POISON) * cluster.partitions
