"""The Kafka door: centres publish to one topic and find the answers on another.

A message is what HTTP calls a request, its receipt the answer.  Offsets are committed once the
events are durable and the receipts delivered, so after a crash what was not answered is read
again, and what was recorded is told as known.
"""

from __future__ import annotations

import logging
import threading
from contextlib import closing

from services.backbone.door_topics import topics_of
from services.backbone.telemetry import Metrics
from services.ingest.errors import DoorClosing, DoorStuck
from services.ingest.kafka_session import House, Pauses, Session
from services.ingest.kafka_unreadable import pass_over
from services.ingest.reception import Reception
from services.ingest.writer import Writer

SETTING = "YIPING_DOOR"
STANDBY_S = 0.2

logger = logging.getLogger(__name__)


class KafkaDoor:
    """A thread that takes in what centres publish; one for each event store."""

    def __init__(
        self,
        dsn: str,
        *,
        node: str,
        reception: Reception,
        writer: Writer,
        root: str,
        metrics: Metrics,
    ) -> None:
        """``root`` is the organisation that sees what unknown senders sent.

        Raises SettingInvalid for a DSN that cannot be used; where no broker answers, it waits.
        """
        requests, receipts = topics_of(SETTING, dsn)
        self._closing = threading.Event()
        self._pauses = Pauses()
        self._metrics = metrics
        self._house = House(
            requests=requests,
            receipts=receipts,
            group=f"yiping-door-{node}",
            reception=reception,
            writer=writer,
            root=root,
            metrics=metrics,
            closing=self._closing,
        )
        self._thread = threading.Thread(target=self._run, name="kafka-door", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what is being recorded and end; the writer must still run."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()

    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._closing.is_set():
            if not self._house.writer.ready():
                # Another process has the store, and reads the messages.
                self._closing.wait(STANDBY_S)
                continue
            try:
                self._serve()
            except DoorClosing:
                return
            except Exception:
                # Whatever it was, the door opens again, from the last offsets committed.
                logger.exception("the Kafka door lost its session")
                pause_s = self._pauses.next_s()
                self._metrics.door_failures.set(self._pauses.failures)
                self._closing.wait(pause_s)

    def _serve(self) -> None:
        with closing(Session(self._house, self._pauses)) as session:
            try:
                while not self._closing.is_set():
                    session.turn()
                session.finish()
            except DoorStuck as stuck:
                session.commit(pass_over(self._house, stuck.positions))
