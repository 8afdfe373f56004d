"""The broker's properties, its start and its table of access, on three real brokers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ACLResourcePatternType
from kafka.errors import KafkaError

from deploy.kafka.access import acls
from services.backbone import broker, topics
from services.backbone.errors import LogUnavailable
from services.backbone.settings import from_environment
from tests.deploy.brokers import KAFKA, NUMBERS, READY_S, Brokers
from tests.deploy.composition import DEPLOY

ROOT = DEPLOY.parent
LOG, DOOR, RECEIPTS = "enforcement.events.v1", "centre.events.v1", "centre.receipts.v1"
WANTED = [topics.log_topic(LOG), topics.door_topic(DOOR), topics.receipts_topic(RECEIPTS)]
SECRETS = {
    "migrator": "log_migrator",
    "relay": "log_relay",
    "projector": "log_projector",
    "ingest": "door_ingest",
    "centre": "door_centre",
}
USERS = tuple(SECRETS)


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory, made: Path) -> Iterator[Brokers]:
    """The brokers with every user, every grant and the three topics."""
    brokers = Brokers(tmp_path_factory.mktemp("kafka"), made)
    try:
        brokers.start()
        grant(brokers)
        topics.apply(topic_of(brokers, "migrator", LOG), WANTED)
        yield brokers
    finally:
        brokers.stop()


def topic_of(kafka: Brokers, user: str, name: str, password: str = "") -> broker.Topic:
    """A topic as one of the users reaches it."""
    dsn = kafka.dsn(SECRETS[user])
    if password:
        dsn = re.sub(r"//(\w+):\w+@", rf"//\1:{password}@", dsn)
    return broker.parse("YIPING_LOG", dsn).of(name)


def grant(kafka: Brokers) -> str:
    """Run the job of compose.yaml; what it prints."""
    files = []
    for secret in ("log_broker", *SECRETS.values()):
        file = kafka.folder / secret
        file.write_text(kafka.dsn(secret) + "\n")
        files.append(str(file))
    return subprocess.run(
        [sys.executable, str(KAFKA / "access.py"), *files],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def sent(kafka: Brokers, user: str, topic: str) -> int:
    """Send one record as a service does; the offset that it got."""
    producer = broker.producer(topic_of(kafka, user, topic), "test")
    with closing(producer):
        return int(producer.send(topic, b"body", b"key").get(timeout=20).offset)


def read(kafka: Brokers, user: str, topic: str, group: str | None) -> list[bytes]:
    """What a user reads from the beginning of a topic."""
    consumer = broker.consumer(
        topic_of(kafka, user, topic), "test", group, auto_offset_reset="none"
    )
    with closing(consumer):
        if group:
            consumer.subscribe([topic])
        else:
            partitions = consumer.partitions_for_topic(topic)
            consumer.assign([TopicPartition(topic, number) for number in partitions])
            consumer.seek_to_beginning()
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            found = broker.poll(consumer, 200, 10) if group else consumer.poll(200)
            bodies = [record.value for records in found.values() for record in records]
            if bodies:
                return bodies
    return []


def test_the_granting_may_be_repeated(kafka: Brokers) -> None:
    """The job runs at every bring-up."""
    assert grant(kafka) == "5 users, 33 grants\n"


def test_the_topics_can_be_kept_as_they_should_be(kafka: Brokers) -> None:
    """By the job's user, again and again; nothing is left to do."""
    assert topics.apply(topic_of(kafka, "migrator", LOG), WANTED) == []


@pytest.mark.parametrize(
    ("writer", "topic", "reader", "group"),
    [
        ("relay", LOG, "projector", None),
        ("relay", LOG, "projector", "yiping-projector"),
        ("centre", DOOR, "ingest", "yiping-door-main"),
        ("ingest", RECEIPTS, "centre", "centre-350203000000"),
    ],
)
def test_each_does_what_is_its_own(
    kafka: Brokers, writer: str, topic: str, reader: str, group: str | None
) -> None:
    """The idempotent producer and the group that a service has, with no more than is granted."""
    assert sent(kafka, writer, topic) >= 0
    assert read(kafka, reader, topic, group)[0] == b"body"


@pytest.mark.parametrize(
    ("user", "topic"),
    [(user, topic) for user in USERS for topic in (LOG, DOOR, RECEIPTS)],
)
def test_nobody_else_writes(kafka: Brokers, user: str, topic: str) -> None:
    """Above all no centre and no projector writes what the projectors believe."""
    if (user, topic) in {("relay", LOG), ("centre", DOOR), ("ingest", RECEIPTS)}:
        assert sent(kafka, user, topic) >= 0
        return
    # Whoever may write nothing at all gets no producer's number either, which tells it as cluster.
    with pytest.raises(KafkaError, match=r"(Topic|Cluster)Authorization"):
        sent(kafka, user, topic)


def test_no_group_of_others_is_joined(kafka: Brokers) -> None:
    """Whoever joined the projectors' group would take partitions away from them."""
    with pytest.raises(LogUnavailable, match="GroupAuthorization"):
        read(kafka, "projector", LOG, "another-group")


def test_acknowledged_stands_on_two_of_three(kafka: Brokers) -> None:
    """What compose's brokers are told, and what the topics are made with, comes to this."""
    with closing(broker.admin(topic_of(kafka, "migrator", LOG), "test")) as admin:
        (described,) = admin.describe_topics([LOG])

    assert len(described["partitions"]) == topics.PARTITIONS
    assert {len(one["replica_nodes"]) for one in described["partitions"]} == {len(NUMBERS)}
    assert {one["leader_id"] for one in described["partitions"]} == set(NUMBERS)


def is_refused(topic: broker.Topic) -> bool:
    """Whether a client cannot come in."""
    try:
        KafkaAdminClient(
            bootstrap_servers=list(topic.servers), bootstrap_timeout_ms=2_000, **topic.security
        ).close()
    except KafkaError:
        return True
    return False


def test_a_wrong_password_is_no_user(kafka: Brokers) -> None:
    """SCRAM, on the listener of the services."""
    assert is_refused(topic_of(kafka, "relay", LOG, "wrong"))
    assert not is_refused(topic_of(kafka, "relay", LOG))


def test_a_star_ends_a_prefix() -> None:
    """All other names are whole."""
    (whole, prefix) = acls({"one": {"topic": {"log": ["read"]}, "group": {"log-*": ["read"]}}})

    assert whole.resource_pattern.pattern_type == ACLResourcePatternType.LITERAL
    assert prefix.resource_pattern.pattern_type == ACLResourcePatternType.PREFIXED
    assert (whole.principal, prefix.resource_pattern.resource_name) == ("User:one", "log-")


def test_the_table_names_the_topics_and_groups_of_the_code() -> None:
    """What a service asks for is what it was granted."""
    grants = yaml.safe_load((KAFKA / "access.yaml").read_text())

    assert set(grants) == set(USERS)
    assert {topic for user in grants.values() for topic in user["topic"]} == {LOG, DOOR, RECEIPTS}
    assert list(grants["projector"]["group"]) == [from_environment(None, {}).group]


def test_one_of_three_may_be_lost(kafka: Brokers) -> None:
    """Killed with its connections open; the others lead its partitions, then it catches up."""
    producer = broker.producer(topic_of(kafka, "relay", LOG), "test")
    with closing(producer):
        kafka.processes[2].kill()
        sendings = [producer.send(LOG, b"body", partition=n) for n in range(topics.PARTITIONS)]
        assert all(sending.get(timeout=60).offset >= 0 for sending in sendings)

    kafka.processes[2].start()
    kafka.wait_listening(2)
    assert sent(kafka, "relay", LOG) >= 0
