"""What holds for every test, and the servers that tests share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import settings

from tests.support.clickhouse import ClickHouse
from tests.support.distribution import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from tests.support.kafka import Kafka
from tests.support.no_skips import pytest_make_collect_report, pytest_runtest_makereport
from tests.support.postgres import Postgres
from tests.support.shared_broker import (
    BROKER,
    pytest_runtest_setup,
    pytest_runtest_teardown,
)

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_make_collect_report",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "pytest_xdist_make_scheduler",
]

# A machine that is busy with the other tests is no reason to fail one.
settings.register_profile("yiping", deadline=None)
settings.load_profile("yiping")


@pytest.fixture(scope="session")
def kafka(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kafka]:
    """A broker that every test of this worker shares; whoever stops it starts it again."""
    with Kafka(tmp_path_factory.mktemp("kafka")) as running:
        request.session.stash[BROKER] = running
        yield running


@pytest.fixture
def topic(kafka: Kafka, names: Iterator[str]) -> str:
    """A topic of the test's own, of four partitions, on the shared broker."""
    return kafka.create_topic(f"topic.{next(names)}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL that every test of this worker shares; whoever stops it starts it again."""
    running = Postgres()
    yield running.start()
    running.remove()


@pytest.fixture
def database(postgres: Postgres, names: Iterator[str]) -> str:
    """The DSN of an empty database of the test's own, on the shared PostgreSQL."""
    return postgres.create_database(f"database_{next(names)}")


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """The stand-in for ClickHouse that every test of this worker shares."""
    with ClickHouse(tmp_path_factory.mktemp("clickhouse") / "data") as running:
        yield running


@pytest.fixture
def clickhouse_database(clickhouse: ClickHouse, names: Iterator[str]) -> str:
    """The name of an empty database of the test's own, on the shared stand-in."""
    return clickhouse.create_database(f"database_{next(names)}")


@pytest.fixture(scope="session")
def names() -> Iterator[str]:
    """Names that no other test of this worker has."""
    return (str(number) for number in count(1))
