"""A whole cluster on one machine: Kafka, PostgreSQL, the stand-in for ClickHouse, every service.

Each service is a process that can be killed and begun by its name: ``ingest``, ``relay-1``,
``project-1``, ``project-2``, ``dashboard-1``, ``dashboard-2``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from services.backbone.identity import local_issuer
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.topics import PARTITIONS
from services.backbone.warehouse import connect
from tests.support.clickhouse.process import ClickHouse
from tests.support.kafka import Kafka
from tests.support.postgres import Postgres
from tests.support.service import Service

PROVINCE = "350000000000"
CAUGHT_UP_S = 180.0
POLL_S = 0.1
COMPLETE = "SELECT node, position FROM complete"


class Cluster:
    """On a Kafka and a PostgreSQL that run, with a topic and a database of its own.

    ``with`` starts everything else and waits until all is ready; at its end all services and
    the stand-in are stopped, Kafka and PostgreSQL go on.
    """

    def __init__(
        self,
        folder: Path,
        kafka: Kafka,
        postgres: Postgres,
        name: str,
        *,
        relays: int = 1,
        projectors: int = 2,
        dashboards: int = 2,
        wall_port: int = 0,
        demo: bool = False,
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.kafka = kafka
        self.postgres = postgres
        self.topic = f"enforcement.events.{name}"
        self.warehouse = ClickHouse(folder / "warehouse")
        self.event_store = postgres.create_database(f"events_{name}")
        self.group = f"yiping-projector-{name}"
        self._settings = {
            "YIPING_DATA": str(self.data),
            "YIPING_EVENT_STORE": self.event_store,
            "YIPING_LOG": kafka.dsn(self.topic),
            "YIPING_GROUP": self.group,
        }
        self.services = {
            service.name: service
            for service in (
                self._service("ingest", "ingest", "reader"),
                *(self._service(f"relay-{n}", "relay", "reader") for n in _count(relays)),
                *(self._service(f"project-{n}", "project", "writer") for n in _count(projectors)),
                *(
                    self._service(
                        f"dashboard-{n}", "dashboard", "reader", wall_port if n == 1 else 0, demo
                    )
                    for n in _count(dashboards)
                ),
            )
        }

    @property
    def partitions(self) -> int:
        """How many the log's topic has."""
        return PARTITIONS

    def settings(self, user: str) -> dict[str, str]:
        """The variables of a service that is this user of the warehouse."""
        return self._settings | {"YIPING_WAREHOUSE": self.warehouse.dsn(user)}

    def _service(
        self, name: str, command: str, user: str, port: int = 0, demo: bool = False
    ) -> Service:
        more = ("--demo",) if demo else ()
        return Service(name, (command, *more), self.folder, self.settings(user), port)

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def another(self, name: str) -> Service:
        """A projector or a relay more, not started."""
        command = name.partition("-")[0]
        user = "writer" if command == "project" else "reader"
        self.services[name] = self._service(name, command, user)
        return self.services[name]

    def dismiss(self, service: Service) -> None:
        """It was killed or stopped, and is no more part of the cluster."""
        assert not service.alive
        del self.services[service.name]

    def kind(self, command: str) -> list[Service]:
        """All processes of one command."""
        return [s for name, s in self.services.items() if name.partition("-")[0] == command]

    def start(self) -> Self:
        """Make the topic and the views, start every service and wait until all are ready."""
        self.prepare()
        for service in self.services.values():
            service.start()
        self.wait_ready()
        return self

    def prepare(self) -> None:
        """Start the stand-in and do what an operator does once: topics and views."""
        self.warehouse.start()
        self.run("topics", "apply")
        self.run("views", "apply")

    def wait_ready(self) -> None:
        """Wait until every service is; raises RuntimeError with a log's end."""
        for service in self.services.values():
            service.wait_ready()

    def stop(self) -> None:
        """Stop every service, then the stand-in; Kafka and PostgreSQL go on."""
        for service in self.services.values():
            service.stop()
        self.warehouse.stop()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def token(self, role: str, org: str = PROVINCE) -> str:
        """A token of the cluster's own issuer."""
        return local_issuer(self.data).issue(org, role)

    def run(self, *arguments: str) -> str:
        """What a command prints; raises AssertionError with all that it said when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "services", *arguments],
            env=os.environ | self.settings("migrator"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (
            f"{arguments}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}\n{self.logs()}"
        )
        return done.stdout

    def logs(self, characters: int = 1500) -> str:
        """The end of every service's log."""
        return "\n".join(f"{s.name}: {s.tail(characters)}" for s in self.services.values())

    def heads(self) -> dict[str, int]:
        """Each node's last position in the event store."""
        with closing(PostgresEventStore(self.event_store, write=False)) as store:
            return {node: head.position for node, head in store.heads().items()}

    def complete(self) -> dict[str, int]:
        """How far each node is complete in the warehouse."""
        with closing(connect(self.warehouse.dsn("reader"))) as warehouse:
            return dict(warehouse.rows(COMPLETE))

    def wait_caught_up(self, timeout_s: float = CAUGHT_UP_S) -> None:
        """Wait until the warehouse is complete up to what the event store has now."""
        heads = self.heads()
        self.wait_for(
            lambda: all(self.complete().get(node, 0) >= at for node, at in heads.items()),
            f"the views are not complete up to {heads}",
            timeout_s,
        )

    def wait_for(
        self, holds: Callable[[], bool], what: str, timeout_s: float = CAUGHT_UP_S
    ) -> None:
        """Wait until something holds; raises TimeoutError with every log's end."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} after {timeout_s:.0f} s\n{self.logs()}")
            time.sleep(POLL_S)


def _count(last: int) -> Iterable[int]:
    return range(1, last + 1)
