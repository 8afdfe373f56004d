"""The writer: one thread that records for all doors, many waiting requests in one commit."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime

from services.backbone.telemetry import Metrics
from services.ingest.application import Answer, Application, Arrival
from services.ingest.errors import QueueFull

GROUP_EVENTS = 4_000
RETRY_AFTER_S = 1

logger = logging.getLogger(__name__)


class Writer:
    """Takes arrivals from any thread and answers them after the commit that holds them."""

    def __init__(
        self,
        application: Application,
        metrics: Metrics,
        *,
        queue_events: int,
        appended: Callable[[], None],
    ) -> None:
        """``queue_events`` bounds what may wait; ``appended`` is called after each commit."""
        self._application = application
        self._metrics = metrics
        self._bound = queue_events
        self._appended = appended
        self._queue: queue.SimpleQueue[tuple[Sequence[Arrival], Future[list[Answer]]] | None]
        self._queue = queue.SimpleQueue()
        self._recording = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._complete_until = application.last_moment
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to record."""
        self._thread.start()

    def stop(self) -> None:
        """Record what waits, then end."""
        self._queue.put(None)
        self._thread.join()

    def alive(self) -> bool:
        """Whether the writer's thread runs."""
        return self._thread.is_alive()

    def check_room(self) -> None:
        """Raises QueueFull when more waits than the bound."""
        if self._waiting >= self._bound:
            self._metrics.turned_away.inc()
            raise QueueFull(RETRY_AFTER_S)

    def submit(self, arrivals: Sequence[Arrival]) -> Future[list[Answer]]:
        """Have them recorded; the future holds the answers once they are durable."""
        future: Future[list[Answer]] = Future()
        self._count(len(arrivals))
        self._queue.put((arrivals, future))
        return future

    def _count(self, change: int) -> None:
        with self._counting:
            self._waiting += change
            self._metrics.waiting.set(self._waiting)

    def watermark(self) -> datetime:
        """The moment up to which everything received can be read."""
        if self._recording.acquire(blocking=False):
            try:
                self._complete_until = self._application.settle()
            finally:
                self._recording.release()
        return self._complete_until

    def _run(self) -> None:
        while True:
            group, ended = self._next_group()
            if group:
                self._record(group)
            if ended:
                return

    def _next_group(
        self,
    ) -> tuple[list[tuple[Sequence[Arrival], Future[list[Answer]]]], bool]:
        """Whatever waits now, up to the size of a group; blocks for the first."""
        first = self._queue.get()
        if first is None:
            return [], True
        group, size = [first], len(first[0])
        while size < GROUP_EVENTS:
            try:
                more = self._queue.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return group, True
            group.append(more)
            size += len(more[0])
        return group, False

    def _record(self, group: list[tuple[Sequence[Arrival], Future[list[Answer]]]]) -> None:
        arrivals = [arrival for part, _ in group for arrival in part]
        began = time.perf_counter()
        try:
            with self._recording:
                answers = self._application.record(arrivals)
                self._complete_until = self._application.last_moment
        except Exception as error:
            logger.exception("a commit failed", extra={"facts": {"events": len(arrivals)}})
            self._count(-len(arrivals))
            for _, future in group:
                future.set_exception(error)
            return
        self._metrics.commit_s.observe(time.perf_counter() - began)
        self._metrics.commit_events.inc(len(arrivals))
        self._count(-len(arrivals))
        self._appended()
        start = 0
        for part, future in group:
            future.set_result(answers[start : start + len(part)])
            start += len(part)
