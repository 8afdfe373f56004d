"""Three brokers, each with a part of the leaders: when one goes, the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.kafka import Kafka
from tests.support.oracle import hold
from tests.support.postgres import Postgres
from tests.support.traffic import Traffic


@pytest.fixture
def three(tmp_path: Path, postgres: Postgres, names: Iterator[str]) -> Iterator[Cluster]:
    """A cluster on three brokers, with one process of each service."""
    with (
        Kafka(tmp_path / "kafka", brokers=3) as kafka,
        Cluster(
            tmp_path / "cluster",
            kafka,
            postgres,
            f"three_{next(names)}",
            projectors=1,
            dashboards=1,
        ) as running,
    ):
        yield running


def _kill_leaders(cluster: Cluster, numbers: tuple[int, ...]) -> None:
    """Each broker in turn, which comes back before the next one goes."""
    load = Traffic(cluster)
    load.start()
    for number in numbers:
        cluster.kafka.brokers[number].kill()
        cluster.kafka.wait_until_led(cluster.topic, without=number)
        load.wait_for_answers()
        cluster.wait_caught_up()
        cluster.kafka.start()
        cluster.kafka.wait_in_sync(cluster.topic)
    load.wait_for_answers()
    load.stop()

    hold(cluster, load.journal)


def test_leaders_move_when_their_broker_is_killed(three: Cluster) -> None:
    """One of three brokers is killed with all that it leads: the others go on at once."""
    _kill_leaders(three, (1,))


@pytest.mark.soak
def test_every_broker_is_killed_in_turn(three: Cluster) -> None:
    """Twice around: each has led what the others led before."""
    _kill_leaders(three, (1, 2, 3) * 2)
