"""A cluster under load, shared by the tests of the package; each test leaves it whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.cluster import Cluster
from tests.support.kafka import Kafka
from tests.support.oracle import hold_answers, hold_views
from tests.support.postgres import Postgres
from tests.support.traffic import Traffic


@pytest.fixture(scope="package")
def cluster(
    tmp_path_factory: pytest.TempPathFactory,
    kafka: Kafka,
    postgres: Postgres,
    names: Iterator[str],
) -> Iterator[Cluster]:
    """Every service as a process: two relays, two projectors, two dashboards.

    When all tests of the package have done their faults, every answer is held to the journal.
    """
    folder = tmp_path_factory.mktemp("cluster")
    with Cluster(folder, kafka, postgres, f"faults_{next(names)}", relays=2) as running:
        yield running
        hold_answers(running, Traffic(running).journal)


@pytest.fixture
def load(cluster: Cluster) -> Iterator[Traffic]:
    """A province that posts, from the beginning of the test until ``settle``.

    It goes on where that of the test before has ended, in the same journal.
    """
    traffic = Traffic(cluster)
    traffic.start()
    yield traffic
    traffic.end()


@pytest.fixture
def settle(cluster: Cluster, load: Traffic) -> Callable[[], None]:
    """Let more be answered, end the load, and hold the views to the fold of the store."""

    def settled() -> None:
        load.wait_for_answers()
        load.stop()
        hold_views(cluster)

    return settled
