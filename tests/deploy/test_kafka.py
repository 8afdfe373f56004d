"""The broker's properties, its start and its table of access, on three real brokers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from tests.support.kafka import JAVA, kafka_libs
from tests.support.ports import free_port
from tests.support.processes import Process

ROOT = Path(__file__).parents[2]
KAFKA = ROOT / "deploy/kafka"
LOG, DOOR, RECEIPTS = "enforcement.events.v1", "centre.events.v1", "centre.receipts.v1"
WANTED = [topics.log_topic(LOG), topics.door_topic(DOOR), topics.receipts_topic(RECEIPTS)]
CLUSTER = "QXBhY2hlS2Fma2FZaXBpbmc"
USERS = ("migrator", "relay", "projector", "ingest", "centre")
PORTS = ("9091", "9092", "9093")
NUMBERS = (1, 2, 3)
QUICKER = "offsets.topic.num.partitions=1\ngroup.initial.rebalance.delay.ms=0"
READY_S = 90.0
POLL_S = 0.05


class Secured:
    """Three brokers, started as the containers of compose.yaml are, on ports of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {n: {told: free_port() for told in PORTS} for n in NUMBERS}
        self._launchers()
        (folder / "users.jaas").write_text(
            "KafkaServer { org.apache.kafka.common.security.plain.PlainLoginModule required"
            ' username="broker" password="inner" user_broker="inner"; };'
        )
        self.processes = {number: self._process(number) for number in NUMBERS}

    def _process(self, number: int) -> Process:
        own = self.folder / f"broker-{number}"
        shutil.copytree(KAFKA, own)
        for file in (own / "broker.properties", own / "start.sh"):
            file.write_text(self._placed(file.read_text(), number))
        return Process(
            ["bash", str(own / "start.sh"), str(number), "127.0.0.1", CLUSTER],
            own / "broker.log",
            environment=os.environ
            | {
                "KAFKA_BIN": str(self.folder / "bin"),
                "KAFKA_OPTS": f"-Djava.security.auth.login.config={self.folder}/users.jaas",
                "TMPDIR": str(own),
            },
        )

    def _placed(self, text: str, number: int) -> str:
        """All as it is, but for hosts, ports, the disk, and what makes a test wait."""
        for n in NUMBERS:
            text = text.replace(f"kafka-{n}:9093", f"127.0.0.1:{self.ports[n]['9093']}")
        for told, free in self.ports[number].items():
            text = text.replace(f":{told}", f":{free}")
        disk = f"log.dirs={self.folder / f'broker-{number}' / 'data'}\n{QUICKER}"
        return text.replace("log.dirs=/var/lib/kafka/data", disk)

    def _launchers(self) -> None:
        """The two scripts of Kafka's own image, over the jars that are here."""
        (self.folder / "bin").mkdir()
        for name, main in (
            ("kafka-storage.sh", "kafka.tools.StorageTool"),
            ("kafka-server-start.sh", "kafka.Kafka"),
        ):
            file = self.folder / "bin" / name
            java = " ".join((*JAVA, "-cp", f"'{kafka_libs()}/*'", main))
            file.write_text(f'#!/usr/bin/env bash\nexec java ${{KAFKA_OPTS:-}} {java} "$@"\n')
            file.chmod(0o755)

    def _servers(self, port: str) -> str:
        return ",".join(f"127.0.0.1:{ports[port]}" for ports in self.ports.values())

    def dsn(self, user: str, topic: str, password: str = "") -> str:
        """What a service's secret holds."""
        how = "security_protocol=SASL_PLAINTEXT&sasl_mechanism=SCRAM-SHA-512"
        return f"kafka://{user}:{password or user}@{self._servers('9092')}/{topic}?{how}"

    def topic(self, user: str, topic: str, password: str = "") -> broker.Topic:
        """The same, parsed."""
        return broker.parse("YIPING_LOG", self.dsn(user, topic, password))

    @property
    def admin_dsn(self) -> str:
        """How the job that grants access comes in."""
        how = "security_protocol=SASL_PLAINTEXT&sasl_mechanism=PLAIN"
        return f"kafka://broker:inner@{self._servers('9091')}/{LOG}?{how}"

    def grant(self) -> str:
        """Run the job of compose.yaml; what it prints."""
        files = [self._file("admin", self.admin_dsn)]
        files += [self._file(user, self.dsn(user, LOG)) for user in USERS]
        return subprocess.run(
            [sys.executable, str(KAFKA / "access.py"), *files],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def _file(self, name: str, dsn: str) -> str:
        file = self.folder / name
        file.write_text(dsn + "\n")
        return str(file)

    def start(self) -> None:
        """Start all and wait until each listens.

        A client of kafka-python that finds nobody would leak its sockets.
        """
        for process in self.processes.values():
            process.start()
        for number in NUMBERS:
            self.wait_listening(number)

    def wait_listening(self, number: int) -> None:
        """Wait until one takes clients, as the health check of its container does."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            _ = self.processes[number].pid  # raises with its log's end when it has ended
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.ports[number]["9092"])) == 0:
                    return
            time.sleep(POLL_S)
        raise AssertionError(self.processes[number].tail())

    def stop(self) -> None:
        """Stop all of them together: one alone waits for a majority."""
        with ThreadPoolExecutor() as stopping:
            list(stopping.map(Process.stop, self.processes.values()))


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """The brokers with every user, every grant and the three topics."""
    secured = Secured(tmp_path_factory.mktemp("kafka"))
    try:
        secured.start()
        secured.grant()
        topics.apply(secured.topic("migrator", LOG), WANTED)
        yield secured
    finally:
        secured.stop()


def sent(kafka: Secured, user: str, topic: str) -> int:
    """Send one record as a service does; the offset that it got."""
    producer = broker.producer(kafka.topic(user, topic), "test")
    with closing(producer):
        return int(producer.send(topic, b"body", b"key").get(timeout=20).offset)


def read(kafka: Secured, user: str, topic: str, group: str | None) -> list[bytes]:
    """What a user reads from the beginning of a topic."""
    consumer = broker.consumer(kafka.topic(user, topic), "test", group, auto_offset_reset="none")
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


def test_the_granting_may_be_repeated(kafka: Secured) -> None:
    """The job runs at every bring-up."""
    assert kafka.grant() == "5 users, 33 grants\n"


def test_the_topics_can_be_kept_as_they_should_be(kafka: Secured) -> None:
    """By the job's user, again and again; nothing is left to do."""
    assert topics.apply(kafka.topic("migrator", LOG), WANTED) == []


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
    kafka: Secured, writer: str, topic: str, reader: str, group: str | None
) -> None:
    """The idempotent producer and the group that a service has, with no more than is granted."""
    assert sent(kafka, writer, topic) >= 0
    assert read(kafka, reader, topic, group)[0] == b"body"


@pytest.mark.parametrize(
    ("user", "topic"),
    [(user, topic) for user in USERS for topic in (LOG, DOOR, RECEIPTS)],
)
def test_nobody_else_writes(kafka: Secured, user: str, topic: str) -> None:
    """Above all no centre and no projector writes what the projectors believe."""
    if (user, topic) in {("relay", LOG), ("centre", DOOR), ("ingest", RECEIPTS)}:
        assert sent(kafka, user, topic) >= 0
        return
    # Whoever may write nothing at all gets no producer's number either, which tells it as cluster.
    with pytest.raises(KafkaError, match=r"(Topic|Cluster)Authorization"):
        sent(kafka, user, topic)


def test_no_group_of_others_is_joined(kafka: Secured) -> None:
    """Whoever joined the projectors' group would take partitions away from them."""
    with pytest.raises(LogUnavailable, match="GroupAuthorization"):
        read(kafka, "projector", LOG, "another-group")


def test_acknowledged_stands_on_two_of_three(kafka: Secured) -> None:
    """What compose's brokers are told, and what the topics are made with, comes to this."""
    with closing(broker.admin(kafka.topic("migrator", LOG), "test")) as admin:
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


def test_a_wrong_password_is_no_user(kafka: Secured) -> None:
    """SCRAM, on the listener of the services."""
    assert is_refused(kafka.topic("relay", LOG, "wrong"))
    assert not is_refused(kafka.topic("relay", LOG))


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


def test_one_of_three_may_be_lost(kafka: Secured) -> None:
    """Killed with its connections open; the others lead its partitions, then it catches up."""
    producer = broker.producer(kafka.topic("relay", LOG), "test")
    with closing(producer):
        kafka.processes[2].kill()
        sendings = [producer.send(LOG, b"body", partition=n) for n in range(topics.PARTITIONS)]
        assert all(sending.get(timeout=60).offset >= 0 for sending in sendings)

    kafka.processes[2].start()
    kafka.wait_listening(2)
    assert sent(kafka, "relay", LOG) >= 0
