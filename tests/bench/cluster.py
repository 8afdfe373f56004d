"""A whole cluster on this machine: posted → patch through Kafka, and how soon it recovers.

A recovery is the time from a kill -9 (of a process that is started again at once, as a
supervisor does) until a wall shows everything up to the moment of the kill.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.posted_to_patch import Place, measure, percentile
from tests.bench.rows import Row
from tests.support.cluster import Cluster
from tests.support.kafka import Kafka
from tests.support.oracle import as_of
from tests.support.postgres import Postgres
from tests.support.traffic import Traffic

RATE_EV_S = 200
WARM_UP_S = 3.0
RUNS = 3
ONE_AFTER_THE_OTHER_MS = 40.0 + 11.0
KILLED = ("ingest", "relay-1", "project-1", "dashboard-1")
LONGEST_S = 120.0
POLL_S = 0.02


def run() -> list[Row]:
    """Latencies on a quiet cluster, of one process of each service and of two; then kills."""
    with _cluster(1) as cluster:
        rows = _latencies(cluster, "one projector, one dashboard")
    with _cluster(2) as cluster:
        return rows + _latencies(cluster, "two of each") + _recoveries(cluster)


@contextmanager
def _cluster(of_each: int) -> Iterator[Cluster]:
    postgres = Postgres()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            Kafka(Path(folder) / "kafka") as kafka,
            Cluster(
                Path(folder) / "cluster", kafka, postgres.start(), "bench",
                projectors=of_each, dashboards=of_each,
            ) as running,
        ):  # fmt: skip
            yield running
    finally:
        postgres.remove()


def _latencies(cluster: Cluster, what: str) -> list[Row]:
    place = Place(
        cluster["ingest"].url,
        cluster["dashboard-1"].url,
        cluster.token("centre"),
        cluster.token("wall"),
    )
    warm = asyncio.run(measure(place, RATE_EV_S, 0, WARM_UP_S))
    taken = asyncio.run(measure(place, RATE_EV_S, len(warm)))
    note = "limit: fsync + insert + query + Kafka's produce → consume, one after the other (DESIGN)"
    return [
        Row(
            f"posted → patch through Kafka, {RATE_EV_S} ev/s, {what}, {name}",
            ONE_AFTER_THE_OTHER_MS, value, "ms", note,
        )
        for name, value in (("p50", statistics.median(taken)), ("p99", percentile(taken, 0.99)))
    ]  # fmt: skip


def _recoveries(cluster: Cluster) -> list[Row]:
    load = Traffic(cluster, rate_ev_s=RATE_EV_S, faults=0.0)
    load.start()
    kills: dict[str, Callable[[], None]] = {
        name: lambda name=name: _service(cluster, name)  # type: ignore[misc]  # a bound default
        for name in KILLED
    }
    kills["Kafka's broker"] = lambda: _broker(cluster)
    kills["PostgreSQL"] = lambda: _postgres(cluster)
    rows = [_row(cluster, name, kill) for name, kill in kills.items()]
    load.stop()
    return rows


def _service(cluster: Cluster, name: str) -> None:
    cluster[name].kill()
    cluster[name].start()


def _broker(cluster: Cluster) -> None:
    cluster.kafka.brokers[1].kill()
    cluster.kafka.brokers[1].start()


def _postgres(cluster: Cluster) -> None:
    cluster.postgres.kill()
    cluster.postgres.start()


def _row(cluster: Cluster, name: str, kill: Callable[[], None]) -> Row:
    taken = [_recovery_s(cluster, kill) for _ in range(RUNS)]
    return Row(
        f"kill -9 of {name} → all shown again, median of {RUNS}",
        None,
        statistics.median(taken),
        "s",
        f"longest {max(taken):.1f} s",
    )


def _recovery_s(cluster: Cluster, kill: Callable[[], None]) -> float:
    _wait_shown(cluster, datetime.now(UTC))
    began, moment = time.monotonic(), datetime.now(UTC)
    kill()
    _wait_shown(cluster, moment)
    return time.monotonic() - began


def _wait_shown(cluster: Cluster, moment: datetime) -> None:
    """Wait until both walls show everything up to a moment."""
    token = cluster.token("wall")
    deadline = time.monotonic() + LONGEST_S
    while not all(as_of(d, token) >= moment for d in cluster.kind("dashboard")):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{moment} is not shown after {LONGEST_S:.0f} s\n{cluster.logs()}")
        time.sleep(POLL_S)


if __name__ == "__main__":
    for row in run():
        print(row)
