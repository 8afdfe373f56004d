"""The broker that the tests of a worker share rests while none of them needs it.

Its data stay, and it is begun again where it is needed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kafka import Kafka

BROKER = pytest.StashKey[Kafka]()


def uses_broker(item: pytest.Item) -> bool:
    """Whether a test asks for it, itself or through what it asks for."""
    return "kafka" in getattr(item, "fixturenames", ())


def _files(session: pytest.Session) -> set[Path]:
    return {item.path for item in session.items if uses_broker(item)}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin it again."""
    broker = item.session.stash.get(BROKER, None)
    if broker is not None and uses_broker(item) and not broker.brokers[1].alive:
        broker.start()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop it before a file that has no use for it."""
    broker = item.session.stash.get(BROKER, None)
    if broker is None or nextitem is None or nextitem.path == item.path:
        return
    if nextitem.path not in _files(item.session):
        broker.stop()
