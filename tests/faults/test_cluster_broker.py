"""A broker that stops, is killed or hangs: what was recorded comes to the views afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.support.cluster import Cluster
from tests.support.traffic import Traffic

Settle = Callable[[], None]
SHORT_S = 6.0
LONG_S = 60.0


def _away(seconds: float) -> None:
    """As long as the fault lasts: its length is the fault."""
    threading.Event().wait(seconds)


def _stop_broker(cluster: Cluster, load: Traffic, seconds: float) -> None:
    broker = cluster.kafka.brokers[1]
    broker.stop()
    load.wait_for_answers()
    _away(seconds)
    load.wait_for_answers()
    cluster.kafka.start()


def test_broker_stopped_and_started(cluster: Cluster, load: Traffic, settle: Settle) -> None:
    """Without Kafka facts are recorded all the same, and come to the views once it is back."""
    _stop_broker(cluster, load, SHORT_S)

    settle()


@pytest.mark.soak
def test_broker_stopped_for_a_minute(cluster: Cluster, load: Traffic, settle: Settle) -> None:
    """The same after a whole minute: longer than every timeout of the clients."""
    _stop_broker(cluster, load, LONG_S)

    settle()


def test_broker_killed_and_started(cluster: Cluster, load: Traffic, settle: Settle) -> None:
    """kill -9 of the only broker in the middle of batches."""
    load.wait_for_answers()

    cluster.kafka.brokers[1].kill()
    cluster.kafka.start()

    settle()


def test_broker_hangs(cluster: Cluster, load: Traffic, settle: Settle) -> None:
    """A broker that keeps its connections and answers nothing, then goes on."""
    broker = cluster.kafka.brokers[1]
    broker.pause()
    _away(SHORT_S)
    load.wait_for_answers()
    broker.resume()

    settle()
