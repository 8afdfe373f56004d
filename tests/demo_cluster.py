"""``make demo-cluster``: a cluster on one machine, every part a process of its own.

It stands beside the tests because it starts what they start: Kafka and PostgreSQL as they come
from their makers, and in ClickHouse's place a stand-in that is no part of the product.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.support.cluster import Cluster
from tests.support.kafka import Kafka
from tests.support.postgres import Postgres
from tests.support.processes import Process

POLL_S = 0.5
WELCOME = """
  一屏  {wall}

  The wall:        open {wall} in a browser (Chinese; the letter L switches to English);
                   {second} shows the same from another process.
  The province:    92 simulated centres post to {ingest}; {days} days of history come first,
                   while the wall is up.
  Event store:     PostgreSQL 18 on 127.0.0.1:{postgres}
  Log:             Apache Kafka 4.1, topic {topic}, on {kafka}
  Views:           NOT a ClickHouse server: no build of one can be had from the package registries.
                   A stand-in on 127.0.0.1:{warehouse} puts chDB, the same engine, behind
                   ClickHouse's HTTP. No replicas, no shards: those are deploy/compose.yaml's.
  Processes:       {processes}
  Logs and data:   {folder} (deleted at the end)
  Try a fault:     kill -9 any of them; `ps` shows each by its command.
  The end:         Ctrl-C
"""


def main() -> int:
    """Run it until asked to end; everything it started is stopped and deleted."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo_cluster", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port of the wall (8000)")
    parser.add_argument("--days", type=int, default=3, help="days of history (3)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another province (1)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="yiping-cluster-"))
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, folder)
        try:
            _run(arguments, folder, ending)
        except KeyboardInterrupt:
            # A second one would leave the rest running.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            _say("\nStopping everything …")
    _say("Nothing is left running.")
    return 0


def _run(arguments: argparse.Namespace, folder: Path, ending: ExitStack) -> None:
    _say("Starting PostgreSQL, Kafka, the stand-in for ClickHouse and six services …")
    postgres = Postgres()
    ending.callback(postgres.remove)
    postgres.start()
    kafka = ending.enter_context(Kafka(folder / "kafka"))
    cluster = ending.enter_context(
        Cluster(folder, kafka, postgres, "demo", wall_port=arguments.port, demo=True)
    )
    simulator = _simulator(cluster, arguments)
    ending.callback(simulator.stop)
    simulator.start()
    _say(_welcome(cluster, arguments))
    _watch(cluster, simulator)


def _simulator(cluster: Cluster, arguments: argparse.Namespace) -> Process:
    return Process(
        [
            sys.executable, "-m", "services", "simulate", "--url", cluster["ingest"].url,
            "--data", str(cluster.data), "--days", str(arguments.days),
            "--seed", str(arguments.seed), "--quiet",
        ],
        cluster.folder / "simulator.log",
        environment=os.environ | cluster.settings("reader"),
    )  # fmt: skip


def _welcome(cluster: Cluster, arguments: argparse.Namespace) -> str:
    return WELCOME.format(
        wall=cluster["dashboard-1"].url,
        second=cluster["dashboard-2"].url,
        ingest=cluster["ingest"].url,
        days=arguments.days,
        postgres=cluster.postgres.port,
        topic=cluster.topic,
        kafka=cluster.kafka.addresses,
        warehouse=cluster.warehouse.port,
        processes=", ".join(f"{s.name} ({s.pid})" for s in cluster.services.values()),
        folder=cluster.folder,
    )


def _watch(cluster: Cluster, simulator: Process) -> None:
    """Start again what was killed, as a supervisor of processes would, until asked to end."""
    while True:
        time.sleep(POLL_S)
        for service in cluster.services.values():
            if not service.alive:
                _say(f"{service.name} has ended; starting it again")
                service.start()
        if not simulator.alive:
            raise RuntimeError(f"the simulator has ended:\n{simulator.tail()}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
