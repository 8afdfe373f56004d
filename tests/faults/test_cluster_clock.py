"""The clock of the ingest jumps back an hour: what was received stays in the order of receipt."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from itertools import pairwise

import msgspec

from services.backbone.postgres_store import PostgresEventStore
from tests.support.cluster import Cluster
from tests.support.processes import Process
from tests.support.traffic import Traffic

Settle = Callable[[], None]
HOUR_S = 3600


class _Received(msgspec.Struct):
    received_at: datetime


def test_clock_jumps_back_an_hour(cluster: Cluster, load: Traffic, settle: Settle) -> None:
    """An ingest that was an hour ahead is followed by one on time: no moment goes back."""
    ingest = cluster["ingest"]
    ahead = Process(
        [sys.executable, "-m", "tests.support.wrong_clock", str(HOUR_S), str(ingest.port)],
        cluster.folder / "ingest-ahead.log",
        environment=os.environ | cluster.settings("reader"),
    )
    ingest.stop()
    ahead.start()
    load.wait_for_answers()
    ahead.kill()
    ingest.start()

    settle()

    with closing(PostgresEventStore(cluster.event_store, write=False)) as store:
        moments = [
            msgspec.json.decode(row.stored, type=_Received).received_at
            for part in store.rows("main")
            for row in part
        ]
    steps = [(after - before).total_seconds() for before, after in pairwise(moments)]
    assert min(steps) >= 0
    assert max(steps) > HOUR_S / 2
