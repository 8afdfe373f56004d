"""The relay: one thread that brings a store's events to Kafka, however often it has to begin."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

from services.backbone.broker import Topic
from services.backbone.errors import BackboneError, LogUnavailable
from services.backbone.event_store import EventStore
from services.backbone.relay_place import RelayPlace
from services.backbone.sending import Sender
from services.backbone.telemetry import Metrics
from services.ingest.errors import IngestError
from services.ingest.relay import BUSY_MARK_S, TURN_S
from services.ingest.relay_delivery import PART_ROWS, Delivery

CLIENT = "yiping-relay"
LOOK_S = 0.5
"""Between two looks at what is settled, where no event comes."""
STANDBY_S = 1.0
STOP_S = 5.0
PAUSE_S = 0.25
PAUSE_MAX_S = 15.0

log = logging.getLogger(__name__)


class RelayHealth(NamedTuple):
    """How a relay is doing."""

    running: bool
    leading: bool
    """Whether this is the one that relays; another one may."""
    failures: int
    """In a row."""


class Source(NamedTuple):
    """Where the events stand."""

    store: EventStore
    place: RelayPlace


class Relay:
    """Follows the event store while it may; ``start`` before use, ``stop`` at the end."""

    def __init__(
        self,
        open_source: Callable[[], Source],
        topic: Topic,
        metrics: Metrics,
        *,
        clock_s: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """``open_source`` is tried until it succeeds; what it gives is closed at the end."""
        self._open_source = open_source
        self._topic = topic
        self._metrics = metrics
        self._clock_s = clock_s
        self._jitter = jitter
        self._failures = 0
        self._leading = False
        self._sender: Sender | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin to relay, as soon as the store and Kafka can be reached."""
        self._thread.start()

    def stop(self) -> None:
        """End after the parts that are on their way, and note the cursor."""
        self._stopping.set()
        self._thread.join(STOP_S)
        while self._thread.is_alive():
            # Kafka does not take them: whoever relays next sends them again.
            if self._sender is not None:
                self._sender.close()
            self._thread.join(STOP_S)

    @property
    def health(self) -> RelayHealth:
        """How it is doing; from any thread."""
        return RelayHealth(self._thread.is_alive(), self._leading, self._failures)

    def _run(self) -> None:
        source: Source | None = None
        while not self._stopping.is_set():
            try:
                source = source or self._open_source()
                self._leading = source.place.take()
                if self._leading:
                    self._relay(source)
                else:
                    self._succeeded()
                    self._stopping.wait(STANDBY_S)
            except (BackboneError, IngestError) as error:
                self._failed(error)
        self._leading = False
        if source is not None:
            source.place.close()
            source.store.close()

    def _relay(self, source: Source) -> None:
        """Until asked to stop; raises what went wrong."""
        with closing(Sender(self._topic, CLIENT)) as sender:
            self._sender = sender
            name = sender.log_name
            delivery = Delivery(
                source.store,
                sender,
                source.place.cursor(name),
                save=lambda cursors: source.place.save_cursor(name, cursors),
                metrics=self._metrics,
                clock_s=self._clock_s,
            )
            with closing(delivery):
                while not self._stopping.is_set():
                    began_s = self._clock_s()
                    moved = delivery.step()
                    if sender.log_name != name:
                        raise LogUnavailable(f"the topic {self._topic.name} was made anew")
                    self._succeeded()
                    if 0 < moved < PART_ROWS:
                        self._stopping.wait(max(0.0, began_s + TURN_S - self._clock_s()))
                    elif not moved:
                        source.place.wait(BUSY_MARK_S if delivery.unmarked else LOOK_S)
                delivery.finish()

    def _succeeded(self) -> None:
        self._failures = 0
        self._metrics.relay_failures.set(0)

    def _failed(self, error: Exception) -> None:
        """Wait, longer each time and never in step with others."""
        self._failures += 1
        self._metrics.relay_failures.set(self._failures)
        log.warning(
            "the relay begins again",
            extra={"facts": {"failures": self._failures, "reason": str(error)}},
        )
        pause_s = min(PAUSE_S * 2 ** min(self._failures - 1, 16), PAUSE_MAX_S)
        self._stopping.wait(pause_s * (0.5 + self._jitter() / 2))
