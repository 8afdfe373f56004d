"""The composition root of the projector, for a process of its own."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime

from services.backbone import broker
from services.backbone.errors import BackboneError
from services.backbone.kafka_log import KafkaLog
from services.backbone.log import Log
from services.backbone.opening import open_event_store
from services.backbone.progress import NEVER, Progress
from services.backbone.settings import Settings
from services.backbone.store_log import StoreLog
from services.backbone.telemetry import Metrics
from services.backbone.warehouse import Warehouse, connect
from services.projector.errors import LayoutMismatch, ViewsOutdated
from services.projector.migrations import apply, pending
from services.projector.runner import Projector

RETRY_S = 2.0

log = logging.getLogger(__name__)


class Projection:
    """A projector and all that it needs, which may come up later than it does.

    Several of them with one group share the log of a cluster.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        *,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """``pause`` waits so many seconds before the next attempt to begin."""
        self._settings = settings
        self._metrics = metrics
        self._progress = Progress()
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._opened = ExitStack()
        self._projector: Projector | None = None
        self._opener = threading.Thread(target=self._begin, name="projection", daemon=True)

    def start(self) -> None:
        """Follow the log as soon as the warehouse, its views and the log are there."""
        self._opener.start()

    def stop(self) -> None:
        """Take in what was read, write the checkpoint, let go of everything."""
        self._stopping.set()
        if self._opener.ident is not None:
            self._opener.join()
        if self._projector:
            self._projector.stop()
        self._opened.close()

    def follows(self) -> bool:
        """Whether the log is being followed, and the last attempt to do so worked."""
        health = self._projector.health if self._projector else None
        return health is not None and health.running and not health.failures

    def _begin(self) -> None:
        attempts = 0
        while not self._stopping.is_set():
            attempts += 1
            with ExitStack() as opened:
                try:
                    projector = self._open(opened)
                except (BackboneError, LayoutMismatch, ViewsOutdated) as error:
                    self._metrics.projector_failures.set(attempts)
                    log.warning("attempt %d to begin failed: %s", attempts, error)
                else:
                    self._opened = opened.pop_all()
                    self._watch(projector)
                    self._projector = projector
                    projector.follow()
                    return
            self._pause(RETRY_S)

    def _open(self, opened: ExitStack) -> Projector:
        warehouse = opened.enter_context(closing(connect(self._settings.warehouse)))
        make_ready(warehouse, self._settings.cluster)
        source = self._open_log(opened)
        return Projector(
            warehouse, source, self._progress, shared=True, told=_Partitions(self._metrics).told
        )

    def _open_log(self, opened: ExitStack) -> Log:
        if self._settings.log.startswith(broker.SCHEME):
            topic = broker.parse("YIPING_LOG", self._settings.log)
            return opened.enter_context(
                closing(KafkaLog(topic, group=self._settings.group, client="yiping-projector"))
            )
        store = opened.enter_context(closing(open_event_store(self._settings, write=False)))
        return StoreLog(store, node=self._settings.node)

    def _watch(self, projector: Projector) -> None:
        """Let the metrics ask the projector whenever they are read."""
        metrics = self._metrics
        metrics.projected.set_function(lambda: projector.health.records)
        metrics.projector_failures.set_function(lambda: projector.health.failures)
        metrics.set_aside.set_function(lambda: projector.health.set_aside)
        metrics.log_holes.set_function(lambda: projector.health.holes)
        metrics.lag_s.set_function(self._lag_s)

    def _lag_s(self) -> float:
        """Known only to one that has all partitions."""
        watermark = self._progress.snapshot().watermark
        return math.nan if watermark == NEVER else (datetime.now(UTC) - watermark).total_seconds()


def make_ready(warehouse: Warehouse, cluster: str = "") -> None:
    """See that the views are what their files say.

    Embedded views are brought to it.  On a server that is one job's work, not that of each
    projector: raises ViewsOutdated until it is done, and LayoutMismatch where what stands was
    made for another ``cluster``.  Raises WarehouseFailed.
    """
    if not warehouse.shared:
        apply(warehouse)
    elif outdated := pending(warehouse, cluster):
        raise ViewsOutdated([step.view.name for step in outdated])


class _Partitions:
    """The metrics of each partition that the projector has."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._shown: frozenset[str] = frozenset()

    def told(self, offsets: Mapping[str, int], ends: Mapping[str, int]) -> None:
        """Show where each is and how far that is from its end; forget those that are gone."""
        metrics, lags = (
            self._metrics,
            {p: max(0, ends[p] - at) for p, at in offsets.items() if p in ends},
        )
        for partition in self._shown - offsets.keys():
            metrics.log_offset.remove(partition)
            metrics.log_lag.remove(partition)
        for partition, offset in offsets.items():
            metrics.log_offset.labels(partition).set(offset)
            metrics.log_lag.labels(partition).set(lags.get(partition, 0))
        self._shown = frozenset(offsets)
        metrics.lag_events.set(sum(lags.values()))
