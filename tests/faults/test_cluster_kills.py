"""kill -9 of each service of a cluster under load: nothing lost, nothing doubled, view = fold."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.cluster import Cluster
from tests.support.traffic import Traffic

Settle = Callable[[], None]


def test_killed_services_lose_and_double_nothing(
    cluster: Cluster, load: Traffic, settle: Settle
) -> None:
    """Each, killed in the middle of its work, begins where what is durable ends."""
    for name in ("ingest", "relay-1", "relay-2", "project-1", "dashboard-1"):
        load.wait_for_answers()
        cluster[name].kill()
        cluster[name].start()
        cluster[name].wait_ready()

    settle()


def test_all_but_the_ingest_killed_at_once(cluster: Cluster, load: Traffic, settle: Settle) -> None:
    """Facts are recorded while nothing else runs; the rest is made up for afterwards."""
    others = [service for service in cluster.services.values() if service.name != "ingest"]
    for service in others:
        service.kill()
    load.wait_for_answers()

    for service in others:
        service.start()

    settle()


def test_projectors_go_on_for_one_that_is_gone(
    cluster: Cluster, load: Traffic, settle: Settle
) -> None:
    """The partitions of a killed projector are taken over by the other one."""
    cluster["project-1"].kill()
    load.wait_for_answers()

    cluster.wait_caught_up()

    cluster["project-1"].start()
    settle()


def test_services_asked_to_end_do_so_in_order(
    cluster: Cluster, load: Traffic, settle: Settle
) -> None:
    """SIGTERM under load: each ends by itself with status 0, and begins where it ended."""
    for service in list(cluster.services.values()):
        assert service.stop() == 0, service.tail()
        service.start()

    settle()
