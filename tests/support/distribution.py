"""Which worker runs which tests: a file stays together, and so does what loads a whole cluster."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support.shared_broker import uses_broker

CLUSTER = "tests/faults/test_cluster_"
LONGEST = (
    CLUSTER, "tests/faults/", "tests/deploy/", "tests/browser/", "tests/simulator/",
    "tests/importer/", "tests/test_",
)  # fmt: skip


def scope_of(nodeid: str) -> str:
    """What goes to one worker, one after the other: one cluster at a time fills the machine."""
    file = nodeid.partition("::")[0]
    return CLUSTER if file.startswith(CLUSTER) else file


def rank_of(nodeid: str, *, with_broker: bool = False) -> int:
    """The longest first, so that no worker is left alone with it at the end.

    Before all but the clusters whatever needs a broker: once it is done with, it can end.
    """
    if with_broker and not nodeid.startswith(CLUSTER):
        return 1
    found = (2 * n for n, part in enumerate(LONGEST) if nodeid.startswith(part))
    return next(found, 2 * len(LONGEST))


class _ByScope(LoadScopeScheduling):  # type: ignore[misc]  # xdist is untyped
    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the tests into the order in which they are begun."""
    with_broker = {item.path for item in items if uses_broker(item)}
    items.sort(key=lambda item: rank_of(item.nodeid, with_broker=item.path in with_broker))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Hand out scopes in the order in which they were collected."""
    return _ByScope(config, log)
