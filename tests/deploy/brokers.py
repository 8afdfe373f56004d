"""The brokers of compose.yaml as processes: their properties, their start, their users."""

from __future__ import annotations

import os
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.deploy.composition import DEPLOY
from tests.support.kafka import JAVA, end, kafka_libs
from tests.support.ports import free_port
from tests.support.processes import Process

KAFKA = DEPLOY / "kafka"
CLUSTER = "QXBhY2hlS2Fma2FZaXBpbg"
PORTS = ("9091", "9092", "9093")
NUMBERS = (1, 2, 3)
QUICKER = "offsets.topic.num.partitions=1\ngroup.initial.rebalance.delay.ms=0"
READY_S = 90.0
POLL_S = 0.05


class Brokers:
    """Three brokers, started as the containers of compose.yaml are, on ports of their own."""

    def __init__(self, folder: Path, secrets: Path) -> None:
        self.folder = folder
        self.secrets = secrets
        self.ports = {n: {told: free_port() for told in PORTS} for n in NUMBERS}
        self._launchers()
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
                "KAFKA_OPTS": f"-Djava.security.auth.login.config={self.secrets}/kafka_jaas",
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

    def at(self, dsn: str) -> str:
        """A DSN of the cluster's secrets, with the addresses that its hosts have here."""
        for number, ports in self.ports.items():
            for told, free in ports.items():
                dsn = dsn.replace(f"kafka-{number}:{told}", f"127.0.0.1:{free}")
        return dsn

    def dsn(self, secret: str) -> str:
        """What a service reads in a secret, as it holds here."""
        return self.at((self.secrets / secret).read_text().strip())

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
            list(stopping.map(end, self.processes.values()))
