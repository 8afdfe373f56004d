"""The writer: one thread that records for all doors, many waiting requests in one commit."""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from services.backbone.errors import StoreUnavailable
from services.backbone.telemetry import Metrics
from services.ingest.application import Answer, Application, Arrival
from services.ingest.errors import QueueFull

GROUP_EVENTS = 4_000
RETRY_AFTER_S = 1

logger = logging.getLogger(__name__)


class _Part(NamedTuple):
    """What one request wants recorded."""

    arrivals: Sequence[Arrival]
    size: int
    """Bytes of its events."""
    answers: Future[list[Answer]]


class Writer:
    """Takes arrivals from any thread and answers them after the commit that holds them."""

    def __init__(
        self,
        application: Application,
        metrics: Metrics,
        *,
        queue_events: int,
        queue_bytes: int,
        appended: Callable[[], None],
        keep_s: float | None = None,
        gather_s: float = 0.0,
        clock_s: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Two bounds of what may wait; ``appended`` is called after each commit.

        With ``keep_s`` the writer settles durably whenever so long passed since it last did,
        and takes the store as soon as it can where another process has it.  ``gather_s`` is the
        least time from the begin of a commit to the next where several post: what comes
        meanwhile goes together.  Who posts alone, one after the other, is not held up.
        """
        self._application = application
        self._metrics = metrics
        self._bound_events = queue_events
        self._bound_bytes = queue_bytes
        self._appended = appended
        self._queue: queue.SimpleQueue[_Part | None] = queue.SimpleQueue()
        self._recording = threading.Lock()
        self._counting = threading.Lock()
        self._waiting_events = 0
        self._waiting_bytes = 0
        self._stopped = False
        self._keep_s = keep_s
        self._gather_s = gather_s
        self._clock_s = clock_s
        self._pause = pause
        self._began_s = -math.inf
        self._shared = False
        self._kept_at_s = clock_s()
        self._able = keep_s is None
        self._complete_until = application.last_moment
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to record."""
        self._thread.start()

    def stop(self) -> None:
        """Record what waits, then end; whatever comes later is refused."""
        with self._counting:
            self._stopped = True
            self._queue.put(None)
        self._thread.join()

    def alive(self) -> bool:
        """Whether the writer's thread runs."""
        return self._thread.is_alive()

    def ready(self) -> bool:
        """Whether what comes can be recorded, as far as the last try tells."""
        return self.alive() and self._able

    def check_room(self) -> None:
        """Raises QueueFull when as much waits as the bounds allow."""
        if self._waiting_events >= self._bound_events or self._waiting_bytes >= self._bound_bytes:
            raise QueueFull(RETRY_AFTER_S)

    def submit(self, arrivals: Sequence[Arrival]) -> Future[list[Answer]]:
        """Have them recorded; the future holds the answers once they are durable."""
        part = _Part(arrivals, sum(len(a.raw) for a in arrivals), Future())
        with self._counting:
            if self._stopped:
                part.answers.set_exception(StoreUnavailable("the writer has ended"))
                return part.answers
            self._waiting_events += len(arrivals)
            self._waiting_bytes += part.size
            self._metrics.waiting.set(self._waiting_events)
            self._queue.put(part)
        return part.answers

    def _done(self, parts: Sequence[_Part]) -> None:
        with self._counting:
            self._waiting_events -= sum(len(part.arrivals) for part in parts)
            self._waiting_bytes -= sum(part.size for part in parts)
            self._metrics.waiting.set(self._waiting_events)

    def watermark(self) -> datetime:
        """The moment up to which everything received can be read."""
        if self._recording.acquire(blocking=False):
            try:
                with suppress(StoreUnavailable):
                    self._complete_until = self._application.settle()
            finally:
                self._recording.release()
        return self._complete_until

    def _run(self) -> None:
        if self._keep_s is not None:
            self._keep()
        while True:
            group, ended = self._next_group()
            if group:
                self._record(group)
                # A load under way must not hold up the moment of the live log beside it.
                if self._keep_s and self._clock_s() - self._kept_at_s >= self._keep_s:
                    self._keep()
            if ended:
                return

    def _next_group(self) -> tuple[list[_Part], bool]:
        """Whatever waits now, up to the size of a group; blocks for the first."""
        try:
            first = self._queue.get(timeout=self._keep_s)
        except queue.Empty:
            self._keep()
            return [], False
        if first is None:
            return [], True
        self._gather()
        group, size = [first], len(first.arrivals)
        while size < GROUP_EVENTS:
            try:
                more = self._queue.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return group, True
            group.append(more)
            size += len(more.arrivals)
        return group, False

    def _gather(self) -> None:
        early_s = self._began_s + self._gather_s - self._clock_s()
        if early_s > 0 and (self._shared or not self._queue.empty()):
            self._pause(early_s)
        self._began_s = self._clock_s()

    def _keep(self) -> None:
        self._kept_at_s = self._clock_s()
        try:
            with self._recording:
                self._application.keep()
        except StoreUnavailable as error:
            self._tell(error)
        except Exception as error:
            # The writer outlives whatever it was, and tries again.
            logger.exception("the live log cannot be settled")
            self._tell(error)
        else:
            self._tell(None)

    def _tell(self, error: Exception | None) -> None:
        """Note whether the store takes commits, and log it where that is news."""
        able = error is None
        if able != self._able and self._keep_s is not None:
            said = "the event store is this process's to write" if able else f"not ready: {error}"
            logger.info(said)
        self._able = able or self._keep_s is None

    def _record(self, group: Sequence[_Part]) -> None:
        self._shared = len(group) > 1
        # From here on nobody can take a request back; whoever did so before isn't recorded.
        wanted = [part for part in group if part.answers.set_running_or_notify_cancel()]
        try:
            self._answer(wanted)
        finally:
            self._done(group)

    def _answer(self, parts: Sequence[_Part]) -> None:
        arrivals = [arrival for part in parts for arrival in part.arrivals]
        try:
            answers = self._commit(arrivals)
        except StoreUnavailable as error:
            # As often as someone asks: no trace, in which the store may quote what it was given.
            facts = {"events": len(arrivals), "why": str(error)}
            logger.warning("the event store took no commit", extra={"facts": facts})
            self._tell(error)
            _refuse(parts, error)
            return
        except Exception as error:
            logger.exception("a commit failed", extra={"facts": {"events": len(arrivals)}})
            if len(parts) == 1:
                _refuse(parts, error)
                return
            # What one request brought must not keep the others out.
            for part in parts:
                self._answer([part])
            return
        start = 0
        for part in parts:
            end = start + len(part.arrivals)
            part.answers.set_result(answers[start:end])
            start = end

    def _commit(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        began = time.perf_counter()
        with self._recording:
            answers = self._application.record(arrivals)
            self._complete_until = self._application.settle()
        self._tell(None)
        self._metrics.commit_s.observe(time.perf_counter() - began)
        self._metrics.commit_events.inc(len(arrivals))
        self._appended()
        return answers


def _refuse(parts: Sequence[_Part], error: Exception) -> None:
    for part in parts:
        part.answers.set_exception(error)
