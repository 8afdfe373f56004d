"""Apache Kafka as the tests run it: one broker or three on loopback, each a process of its own."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from tests.support.ports import free_port
from tests.support.processes import Process

READY_S = 90.0
LAST_STOP_S = 5.0
POLL_S = 0.05
SCRIPT = Path(__file__).parents[2] / "scripts" / "kafka.sh"
# Small and quick to start: 330 MB and three seconds each on one core.
JAVA = (
    "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
    "-Dorg.apache.logging.log4j.level=WARN",
)  # fmt: skip
PROPERTIES = """\
node.id={number}
process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control}
controller.listener.names=CONTROLLER
controller.quorum.voters={voters}
log.dirs={data}
default.replication.factor={copies}
min.insync.replicas={insync}
offsets.topic.replication.factor={copies}
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={insync}
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=300
broker.session.timeout.ms=1500
replica.lag.time.max.ms=5000
controlled.shutdown.max.retries=1
log.cleaner.dedupe.buffer.size=4194304
log.index.size.max.bytes=1048576
log.retention.check.interval.ms=1000
num.io.threads=4
num.network.threads=2
"""


def kafka_libs() -> Path:
    """The folder of the broker's jars; brings them where they are not here yet."""
    run = subprocess.run(["bash", str(SCRIPT)], stdout=subprocess.PIPE, text=True, check=True)
    return Path(run.stdout.strip())


def _identity() -> str:
    """As Kafka writes its own; one that begins with a hyphen looks like an option to its tools."""
    while True:
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not identity.startswith("-"):
            return identity


def _java(main: str, *arguments: str) -> list[str]:
    return ["java", *JAVA, "-cp", f"{kafka_libs()}/*", main, *arguments]


def end(broker: Process) -> None:
    """Stop one of a cluster that stops: the last ones wait in vain for a majority."""
    with suppress(subprocess.TimeoutExpired):
        broker.stop(LAST_STOP_S)


class Broker(Process):
    """One broker (and controller); start, stop, kill, pause and resume are the process's."""

    def __init__(self, number: int, port: int, folder: Path) -> None:
        self.number = number
        self.port = port
        self.folder = folder
        command = _java("kafka.Kafka", str(folder / "server.properties"))
        super().__init__(command, folder / "broker.log")

    @property
    def address(self) -> str:
        """HOST:PORT for clients."""
        return f"127.0.0.1:{self.port}"

    def listens(self) -> bool:
        """Whether it takes connections; it may not serve yet."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Kafka:
    """One broker or three in KRaft mode; data and each broker's log stand below ``folder``.

    Begin it with ``with`` or ``start``; stopping it leaves the data, so that it can be begun again.
    """

    def __init__(self, folder: Path, brokers: int = 1) -> None:
        self.folder = folder
        numbers = range(1, brokers + 1)
        self.brokers = {n: Broker(n, free_port(), folder / f"broker-{n}") for n in numbers}
        self.copies = brokers
        self._control = {n: free_port() for n in numbers}

    @property
    def addresses(self) -> str:
        """HOST:PORT of every broker, by commas."""
        return ",".join(broker.address for broker in self.brokers.values())

    def dsn(self, topic: str) -> str:
        """What YIPING_LOG takes."""
        return f"kafka://{self.addresses}/{topic}"

    def start(self) -> Self:
        """Start every broker and wait until all serve; raises RuntimeError with a log's end."""
        if not (self.folder / "broker-1" / "server.properties").exists():
            self._format()
        for broker in self.brokers.values():
            if not broker.alive:
                broker.start()
        self.wait_ready()
        return self

    def _format(self) -> None:
        for broker in self.brokers.values():
            (broker.folder / "data").mkdir(parents=True)
            (broker.folder / "server.properties").write_text(self._properties(broker))
        first = self.brokers[1].folder
        cluster = _identity()
        command = _java(
            "kafka.tools.StorageTool", "format",
            "--cluster-id", cluster, "--config", str(first / "server.properties"),
        )  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for broker in self.brokers.values():
            if broker.number != 1:
                self._copy_format(first / "data", broker)

    def _copy_format(self, first: Path, broker: Broker) -> None:
        """What the tool has written for broker 1, without another second of Java."""
        shutil.copytree(first, broker.folder / "data", dirs_exist_ok=True)
        meta = broker.folder / "data" / "meta.properties"
        lines = [line.split("=", 1) for line in meta.read_text().splitlines() if line[0] != "#"]
        names = dict(lines) | {
            "node.id": str(broker.number),
            "directory.id": _identity(),
        }
        meta.write_text("".join(f"{name}={value}\n" for name, value in names.items()))

    def _properties(self, broker: Broker) -> str:
        return PROPERTIES.format(
            number=broker.number,
            port=broker.port,
            control=self._control[broker.number],
            voters=",".join(f"{n}@127.0.0.1:{port}" for n, port in self._control.items()),
            data=broker.folder / "data",
            copies=self.copies,
            insync=1 if self.copies == 1 else 2,
        )

    def wait_ready(self) -> None:
        """Wait until every broker is known to the cluster."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            for broker in self.brokers.values():
                _ = broker.pid  # raises with its log's end when it has ended
            listening = all(map(Broker.listens, self.brokers.values()))
            if listening and self._known() == set(self.brokers):
                return
            time.sleep(POLL_S)
        tails = "\n".join(broker.tail() for broker in self.brokers.values())
        raise RuntimeError(f"Kafka is not ready; its logs end:\n{tails}")

    def _known(self) -> set[int]:
        try:
            with closing(self.admin()) as admin:
                return {int(b["broker_id"]) for b in admin.describe_cluster()["brokers"]}
        except (KafkaError, OSError):
            return set()

    def admin(self) -> KafkaAdminClient:
        """A client of the cluster's own commands; the caller closes it."""
        alive = [broker.address for broker in self.brokers.values() if broker.alive]
        return KafkaAdminClient(bootstrap_servers=alive, request_timeout_ms=20_000)

    def create_topic(
        self, name: str, partitions: int = 4, settings: Mapping[str, str] | None = None
    ) -> str:
        """A topic with a copy on every broker, ready for use; answers its name."""
        topic = NewTopic(name, partitions, self.copies, topic_configs=dict(settings or {}))
        with closing(self.admin()) as admin:
            self._wait_for(lambda: self._created(admin, topic), f"topic {name}")
            admin.wait_for_topics([name])
        return name

    @staticmethod
    def _created(admin: KafkaAdminClient, topic: NewTopic) -> bool:
        """Raises KafkaError where too few brokers were heard of lately, as on a busy machine."""
        admin.create_topics([topic])
        return True

    def leaders(self, topic: str) -> dict[int, int]:
        """By partition, the number of the broker that leads it (-1: none); asked of who answers."""
        with closing(self.admin()) as admin:
            [described] = admin.describe_topics([topic])
        return {int(p["partition_index"]): int(p["leader_id"]) for p in described["partitions"]}

    def wait_until_led(self, topic: str, *, without: int) -> None:
        """Wait until every partition has a leader other than a broker that is gone."""
        self._wait_for(
            lambda: not {without, -1} & set(self.leaders(topic).values()),
            f"other leaders of {topic}",
        )

    def wait_in_sync(self, topic: str) -> None:
        """Wait until every broker has all of the topic."""
        self._wait_for(lambda: self._in_sync(topic), f"every copy of {topic}")

    def _in_sync(self, topic: str) -> bool:
        with closing(self.admin()) as admin:
            [described] = admin.describe_topics([topic])
        return all(len(p["isr_nodes"]) == self.copies for p in described["partitions"])

    def _wait_for(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + READY_S
        while True:
            with suppress(KafkaError):
                if holds():
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {what} within {READY_S:.0f} s")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Stop every broker; the data stay."""
        # Together: one stopped alone would wait for a majority to hand its part to.
        with ThreadPoolExecutor() as stopping:
            list(stopping.map(end, self.brokers.values()))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
