"""A cluster from compose.yaml, with no more rights than it gives: facts reach every wall."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from kafka import TopicPartition

from schemas.receipts import Receipt
from services.backbone import broker
from tests.deploy.brokers import Brokers
from tests.deploy.composed import Composed
from tests.deploy.composition import PRODUCT, SERVERS
from tests.deploy.test_postgres import databases_of
from tests.support.clickhouse.process import ClickHouse
from tests.support.events import COUNTY, PROVINCE, event
from tests.support.postgres import Postgres
from tests.support.service import Service

WAIT_S = 90.0
POLL_S = 0.1
PATH = f"/v1/orgs/{PROVINCE}/panels/case"


def case(number: str) -> dict[str, Any]:
    """A case that is accepted."""
    return event("case.accepted", number, subject=f"A{number}")


def posted(url: str, token: str, one: dict[str, Any]) -> list[str]:
    """What a fact is answered at the door."""
    answer = httpx.post(
        f"{url}/v1/events",
        content=json.dumps(one),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/cloudevents+json",
        },
        timeout=60,
    )
    return [result["status"] for result in answer.json()["results"]]


class Running:
    """The whole of it, with a centre's token and a wall's."""

    def __init__(self, composed: Composed, services: dict[str, Service]) -> None:
        self.composed = composed
        self.services = services
        issue = ("token", "issue", "--org")
        self.centre = composed.job("operator", *issue, COUNTY, "--role", "centre").strip()
        self.wall = composed.job("operator", *issue, PROVINCE, "--role", "wall").strip()

    def ready(self, kind: str) -> list[str]:
        """Those of a kind that are."""
        return [n for n, s in self.services.items() if n.startswith(kind) and s.ready]

    def wait_writer(self) -> None:
        """Wait until one of the two that may write does; which is theirs to find out."""
        deadline = time.monotonic() + WAIT_S
        while not self.ready("ingest"):
            assert time.monotonic() < deadline, self.services["ingest-1"].tail()
            time.sleep(POLL_S)

    def total(self, dashboard: str) -> int:
        """Cases of the province, as one dashboard shows them; 0 before it shows anything."""
        service = self.services[dashboard]
        return int(service.get(PATH, self.wall)["total"]) if service.ready else 0

    def wait_total(self, cases: int) -> None:
        """Wait until every dashboard shows so many."""
        deadline = time.monotonic() + WAIT_S
        shown: dict[str, int] = {}
        while time.monotonic() < deadline:
            shown = {n: self.total(n) for n in self.services if n.startswith("dashboard")}
            if set(shown.values()) == {cases}:
                return
            time.sleep(POLL_S)
        logs = "\n".join(s.tail(800) for s in self.services.values())
        raise AssertionError(f"{shown} instead of {cases}\n{logs}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, made: Path) -> Iterator[Running]:
    """Everything that compose.yaml starts, in its order."""
    folder = tmp_path_factory.mktemp("composed")
    with ExitStack() as ending:
        kafka = Brokers(tmp_path_factory.mktemp("brokers"), made)
        ending.callback(kafka.stop)
        kafka.start()
        postgres = Postgres()
        ending.callback(postgres.remove)
        postgres.start()
        databases_of(postgres, made)
        views = ending.enter_context(ClickHouse(folder / "clickhouse"))
        composed = Composed(folder, made, kafka, postgres, views)
        for job in ("access", "topics", "views"):
            composed.job(job)
        names = sorted(PRODUCT.keys() & SERVERS - {"simulator"})
        services = {name: composed.service(name) for name in names}
        for service in services.values():
            ending.callback(service.stop)
            service.start()
        running = Running(composed, services)
        running.wait_writer()
        yield running


def test_a_fact_that_was_posted_reaches_every_wall(running: Running) -> None:
    """Through PostgreSQL, Kafka and the views, each service with its own user."""
    (ingest,) = running.ready("ingest")

    assert posted(
        running.services[ingest].url, running.centre, event("case.accepted", subject="A1")
    ) == ["accepted"]
    running.wait_total(1)


def test_a_fact_that_was_published_is_answered(running: Running) -> None:
    """The centre's own user may write its topic and read the answers, no more."""
    door = broker.parse("YIPING_DOOR", running.composed.secret("door_centre"))
    headers = [
        ("authorization", f"Bearer {running.centre}".encode()),
        ("content-type", b"application/cloudevents+json"),
    ]
    body = json.dumps(case("2")).encode()

    with closing(broker.producer(door, "centre")) as producer:
        producer.send(door.name, body, b"A2", headers).get(timeout=60)

    receipts = door.of("centre.receipts.v1")
    with closing(broker.consumer(receipts, "centre")) as consumer:
        numbers = consumer.partitions_for_topic(receipts.name)
        consumer.assign([TopicPartition(receipts.name, number) for number in numbers])
        consumer.seek_to_beginning()
        answers: list[str] = []
        deadline = time.monotonic() + WAIT_S
        while not answers and time.monotonic() < deadline:
            records = [r for found in consumer.poll(200).values() for r in found]
            told = [msgspec.json.decode(record.value, type=Receipt) for record in records]
            answers = [one.status for receipt in told for one in receipt.results]
    assert answers == ["accepted"]
    running.wait_total(2)


def test_the_operator_finds_all_as_it_is(running: Running) -> None:
    """Commands by hand have the rights that they need."""
    assert running.composed.job("operator", "verify") == ""
    assert "person" in running.composed.job("operator", "views", "list")
    running.composed.job("operator", "views", "check")
    running.composed.job("operator", "views", "refeed")


def test_the_one_that_stands_by_takes_over(running: Running) -> None:
    """As soon as the other's connection is gone."""
    (first,) = running.ready("ingest")
    (second,) = {"ingest-1", "ingest-2"} - {first}

    running.services[first].kill()
    running.services[second].wait_ready()

    url = running.services[second].url
    assert posted(url, running.centre, case("3")) == ["accepted"]
    running.wait_total(3)
