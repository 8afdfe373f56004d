"""Services begin in any order and wait for what they need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.support.cluster import Cluster
from tests.support.kafka import Kafka
from tests.support.oracle import hold
from tests.support.postgres import Postgres
from tests.support.traffic import Traffic


def test_services_that_begin_first_wait(
    tmp_path: Path, kafka: Kafka, postgres: Postgres, names: Iterator[str]
) -> None:
    """Without topic, views, warehouse or PostgreSQL nothing ends; with them all become ready."""
    cluster = Cluster(tmp_path, kafka, postgres, f"order_{next(names)}", projectors=1, dashboards=1)
    postgres.stop()
    try:
        for service in cluster.services.values():
            service.start()
        cluster.wait_for(lambda: "cannot begin yet" in cluster["dashboard-1"].log, "no attempt")
        cluster.wait_for(lambda: "begins again" in cluster["relay-1"].log, "no attempt")
        cluster.wait_for(lambda: "to begin failed" in cluster["project-1"].log, "no attempt")
        postgres.start()
        cluster.prepare()
        cluster.wait_ready()
        load = Traffic(cluster)
        load.start()
        load.stop()

        hold(cluster, load.journal)
    finally:
        cluster.stop()
        if not postgres.process.alive:
            postgres.start()
