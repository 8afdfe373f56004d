"""The broker's properties, its start and its table of access, on a real broker."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError

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
READY_S = 60.0
POLL_S = 0.05


class Secured:
    """One broker, started as a container of compose.yaml does, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client, self.inner = free_port(), free_port()
        shutil.copytree(KAFKA, folder / "kafka")
        ports = {"9092": self.client, "9091": self.inner, "9093": free_port()}
        for file in (folder / "kafka/broker.properties", folder / "kafka/start.sh"):
            text = file.read_text()
            for told, free in ports.items():
                text = text.replace(f":{told}", f":{free}")
            file.write_text(_alone(text, folder / "data"))
        self._launchers()
        (folder / "users.jaas").write_text(
            "KafkaServer { org.apache.kafka.common.security.plain.PlainLoginModule required"
            ' username="broker" password="inner" user_broker="inner"; };'
        )
        start = ["bash", str(folder / "kafka/start.sh"), "1", "127.0.0.1", CLUSTER]
        self.process = Process(
            start,
            folder / "broker.log",
            environment=os.environ
            | {
                "KAFKA_BIN": str(folder / "bin"),
                "KAFKA_OPTS": f"-Djava.security.auth.login.config={folder}/users.jaas",
                "TMPDIR": str(folder),
            },
        )

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

    def dsn(self, user: str, topic: str, password: str = "") -> str:
        """What a service's secret holds."""
        how = "security_protocol=SASL_PLAINTEXT&sasl_mechanism=SCRAM-SHA-512"
        return f"kafka://{user}:{password or user}@127.0.0.1:{self.client}/{topic}?{how}"

    def topic(self, user: str, topic: str, password: str = "") -> broker.Topic:
        """The same, parsed."""
        return broker.parse("YIPING_LOG", self.dsn(user, topic, password))

    @property
    def admin_dsn(self) -> str:
        """How the job that grants access comes in."""
        how = "security_protocol=SASL_PLAINTEXT&sasl_mechanism=PLAIN"
        return f"kafka://broker:inner@127.0.0.1:{self.inner}/{LOG}?{how}"

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

    def wait_ready(self) -> None:
        """Wait until it listens; a client of kafka-python that finds nobody leaks its sockets."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            _ = self.process.pid  # raises with its log's end when it has ended
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.client)) == 0:
                    return
            time.sleep(POLL_S)
        raise AssertionError(self.process.tail())


def _alone(text: str, data: Path) -> str:
    """What differs where one broker is all there is."""
    lines = [line for line in text.splitlines() if not line.startswith("controller.quorum.voters=")]
    port = next((x.rpartition(":")[2] for x in lines if x.startswith("listeners=")), "")
    replaced = {
        "log.dirs=": f"log.dirs={data}\ncontroller.quorum.voters=1@127.0.0.1:{port}"
        "\noffsets.topic.num.partitions=1\ngroup.initial.rebalance.delay.ms=0",
        "offsets.topic.replication.factor=": "offsets.topic.replication.factor=1",
        "default.replication.factor=": "default.replication.factor=1",
        "min.insync.replicas=": "min.insync.replicas=1",
        "transaction.state.log": "",
    }
    for start, line in replaced.items():
        lines = [line if one.startswith(start) else one for one in lines]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A broker with every user, every grant and the three topics."""
    secured = Secured(tmp_path_factory.mktemp("kafka"))
    secured.process.start()
    try:
        secured.wait_ready()
        secured.grant()
        topics.apply(secured.topic("migrator", LOG), WANTED)
        yield secured
    finally:
        secured.process.stop()


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
        for _ in range(100):
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
        ("centre", DOOR, "ingest", "yiping-door"),
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


def test_the_table_names_the_topics_and_groups_of_the_code() -> None:
    """What a service asks for is what it was granted."""
    grants = yaml.safe_load((KAFKA / "access.yaml").read_text())

    assert set(grants) == set(USERS)
    assert {topic for user in grants.values() for topic in user["topic"]} == {LOG, DOOR, RECEIPTS}
    assert list(grants["projector"]["group"]) == [from_environment(None, {}).group]
