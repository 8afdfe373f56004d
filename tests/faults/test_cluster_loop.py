"""Faults at random, one on top of the other: nothing lost, nothing doubled, every view = fold."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from kafka import KafkaProducer

from tests.support.cluster import Cluster
from tests.support.oracle import hold
from tests.support.traffic import Traffic

SEEDED_FAULTS = 5
SOAK_FAULTS = 200
SOAK_RATE_EV_S = 60
LOOK_EVERY = 25
SERVICES = (
    "ingest", "relay-1", "relay-2", "project-1", "project-2", "dashboard-1", "dashboard-2",
)  # fmt: skip
PAUSE_S = (0.3, 4.0)

Print = Callable[[str], None]


class Faults:
    """Does one thing after another to a cluster, each drawn from a seed, and takes it back."""

    def __init__(self, cluster: Cluster, load: Traffic, seed: int) -> None:
        self._cluster = cluster
        self._load = load
        self._chance = random.Random(seed)
        self._kinds: dict[str, tuple[int, Callable[[], str]]] = {
            "kill": (8, self._kill),
            "pause": (5, self._pause),
            "broker": (2, self._broker),
            "postgres": (2, self._postgres),
            "warehouse": (2, self._warehouse),
            "again": (1, self._again),
            "poison": (1, self._poison),
        }

    def one(self) -> str:
        """One fault; what it was."""
        weights = [weight for weight, _ in self._kinds.values()]
        (kind,) = self._chance.choices(list(self._kinds), weights)
        return f"{kind}: {self._kinds[kind][1]()}"

    def _for_a_while(self) -> None:
        threading.Event().wait(self._chance.uniform(*PAUSE_S))

    def _kill(self) -> str:
        names = self._chance.sample(SERVICES, self._chance.choice((1, 1, 1, 2, 3)))
        for name in names:
            self._cluster[name].kill()
        if self._chance.random() < 0.5:
            self._for_a_while()
        for name in names:
            self._cluster[name].start()
        return ", ".join(names)

    def _pause(self) -> str:
        name = self._chance.choice(SERVICES)
        self._cluster[name].pause()
        self._for_a_while()
        self._cluster[name].resume()
        return name

    def _broker(self) -> str:
        broker = self._cluster.kafka.brokers[1]
        way = self._chance.choice(("kill", "stop", "pause"))
        if way == "pause":
            broker.pause()
            self._for_a_while()
            broker.resume()
            return way
        broker.kill() if way == "kill" else broker.stop()
        self._for_a_while()
        self._cluster.kafka.start()
        return way

    def _postgres(self) -> str:
        way = self._chance.choice(("kill", "stop"))
        postgres = self._cluster.postgres
        postgres.kill() if way == "kill" else postgres.stop()
        self._for_a_while()
        postgres.start()
        return way

    def _warehouse(self) -> str:
        self._cluster.warehouse.kill()
        self._for_a_while()
        self._cluster.warehouse.start()
        return "kill"

    def _again(self) -> str:
        """Whoever relays from now on begins at the beginning."""
        with psycopg.connect(self._cluster.event_store, autocommit=True) as connection:
            connection.execute("TRUNCATE cursors")
        for relay in self._cluster.kind("relay"):
            relay.kill()
            relay.start()
        return "every record"

    def _poison(self) -> str:
        servers = self._cluster.kafka.addresses.split(",")
        with closing(KafkaProducer(bootstrap_servers=servers)) as producer:
            for partition in range(self._cluster.partitions):
                value = self._chance.randbytes(40)
                producer.send(self._cluster.topic, value, b"person/R1", partition=partition)
            producer.flush()
        return "every partition"


def _loop(cluster: Cluster, load: Traffic, faults: int, seed: int, tell: Print) -> None:
    drawn = Faults(cluster, load, seed)
    for number in range(1, faults + 1):
        tell(f"{number} of {faults}: {drawn.one()}")
        load.wait_for_answers()
        if number % LOOK_EVERY == 0:
            cluster.wait_ready()
            cluster.wait_caught_up()
            tell(f"caught up with {cluster.heads()}")
    load.stop()
    hold(cluster, load.journal)
    tell(
        f"{faults} faults over {cluster.heads()}: nothing lost, nothing doubled, every view = fold"
    )


def test_faults_of_a_seed_lose_and_double_nothing(cluster: Cluster, load: Traffic) -> None:
    """A seeded slice of the loop."""
    _loop(cluster, load, SEEDED_FAULTS, seed=4, tell=print)


@pytest.fixture
def heavy_load(cluster: Cluster) -> Iterator[Traffic]:
    """As ``load``, with more in each moment."""
    traffic = Traffic(cluster, rate_ev_s=SOAK_RATE_EV_S)
    traffic.start()
    yield traffic
    traffic.end()


@pytest.mark.soak
def test_two_hundred_faults_lose_and_double_nothing(
    cluster: Cluster, heavy_load: Traffic, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole loop, with a line for each fault."""

    def tell(line: str) -> None:
        with capsys.disabled():
            print(line, flush=True)

    _loop(cluster, heavy_load, SOAK_FAULTS, seed=200, tell=tell)
