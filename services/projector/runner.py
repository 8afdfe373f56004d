"""The loop that takes the log into the warehouse, each record once by its keys.

Insert, then report, then checkpoint.  What a crash leaves behind the last checkpoint is
inserted again, which changes nothing.  When the warehouse fails, the same block is tried
again until it stands; nothing is skipped.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple, TypeVar

from services.backbone.errors import BackboneError
from services.backbone.log import LOAD_PREFIX, Entry, Log
from services.backbone.progress import NEVER, Progress
from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.batch import BLOCK_ROWS, FLUSH_AFTER_S, Batch, Block, Pace
from services.projector.keyframes import Keyframes, last_received
from services.projector.migrations import apply
from services.projector.view_files import SOURCE

IDLE_S = 0.25
FIRST_RETRY_S = 0.25
LONGEST_RETRY_S = 30.0

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Health(NamedTuple):
    """How the projector is doing."""

    running: bool
    failures: int
    """Failed attempts in a row; 0 when all is well."""
    records: int
    """Records inserted since the start."""
    duplicates: int
    """Entries that stood on the log twice."""


class _Stopped(Exception):
    """Asked to stop while the warehouse fails."""


class Projector:
    """One thread that follows the log.  ``warehouse`` is its own client, for writing."""

    def __init__(
        self,
        warehouse: Warehouse,
        source: Log,
        progress: Progress,
        *,
        block_rows: int = BLOCK_ROWS,
        flush_after_s: float = FLUSH_AFTER_S,
        clock_s: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """``pause`` waits a number of seconds; the default one ends early at ``stop``."""
        self._warehouse = warehouse
        self._source = source
        self._progress = progress
        self._pace = Pace(flush_after_s)
        self._block_rows = block_rows
        self._clock_s = clock_s
        self._jitter = jitter
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._thread: threading.Thread | None = None
        self._failures = self._records = self._duplicates = 0

    def start(self) -> None:
        """Make the views stand as their files say, then follow the log in a thread.

        Raises WarehouseFailed when the views cannot be made.
        """
        apply(self._warehouse)
        self._thread = threading.Thread(target=self._follow, name="projector", daemon=True)
        self._thread.start()

    def catch_up(self) -> None:
        """As ``start``, but in this thread, and only to the end of the log as it is now."""
        apply(self._warehouse)
        self._follow(to_end=True)

    def stop(self) -> None:
        """Take in all that stands on the log, write the checkpoint, end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def health(self) -> Health:
        """How it is doing; from any thread."""
        running = self._thread is not None and self._thread.is_alive()
        return Health(running, self._failures, self._records, self._duplicates)

    def _follow(self, *, to_end: bool = False) -> None:
        """Follow the log until asked to stop, and then to its end."""
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="projector-reader") as self._reader:
                self._begin()
                while self._round(to_end or self._stopping.is_set()):
                    pass
                self._insist(lambda: self._checkpointer.write(self._clock_s()))
        except _Stopped:
            log.warning("stopped while the warehouse fails; the rest is inserted at the next start")

    def _begin(self) -> None:
        positions = self._insist(lambda: checkpoints.read(self._warehouse))
        self._ahead: tuple[datetime, list[Entry]] | None = None
        self._batch = Batch(positions, rows=self._block_rows)
        self._checkpointer = checkpoints.Checkpointer(self._warehouse)
        self._progress.applied(positions, NEVER)
        self._keyframes = Keyframes(self._warehouse)
        self._insist(lambda: self._keyframes.close(last_received(self._warehouse, positions)))

    def _round(self, ending: bool) -> bool:
        """Read once, and insert, report or wait; False when all is done and should end."""
        watermark, entries = self._ahead or self._insist(self._read)
        self._ahead = None
        self._duplicates += self._batch.add(entries)
        complete = watermark if not entries or _is_load(entries[0].node) else NEVER
        wait_s = self._pace.wait_s(self._clock_s())
        if len(self._batch) and (not self._batch.room or ending or wait_s == 0):
            self._flush(complete)
        elif not entries and ending:
            self._report(complete)
            return False
        elif len(self._batch):
            self._pause(wait_s)
        elif not entries:
            self._report(complete)
            self._source.wait(IDLE_S)
        return True

    def _read(self) -> tuple[datetime, list[Entry]]:
        """The log's moment, asked before the reading, and what comes next."""
        watermark = self._source.watermark()
        return watermark, self._source.read(self._batch.positions, self._batch.room)

    def _flush(self, complete: datetime) -> None:
        """Insert all that waits; ``complete`` is where the live log is with it, if known."""
        behind = not self._batch.room
        block = self._batch.take()
        started_s = self._clock_s()
        # Far behind, the log is read on one core while the block is inserted on the other.
        ahead = self._reader.submit(self._read) if behind else None
        self._insist(lambda: self._warehouse.insert_json(SOURCE, block.ndjson))
        self._pace.flushed(started_s, self._clock_s())
        if ahead and not isinstance(ahead.exception(), BackboneError):
            self._ahead = ahead.result()
        self._records += block.rows
        watermark = max(complete, self._reached_alone(block))
        self._progress.applied(block.positions, watermark)
        self._checkpointer.reached(block.positions)
        self._close(block.reached, watermark)

    def _reached_alone(self, block: Block) -> datetime:
        """Where a live node that is the only one is with a block; its moments only grow."""
        live = [node for node in self._batch.positions if not _is_load(node)]
        return block.reached.get(live[0], NEVER) if len(live) == 1 else NEVER

    def _report(self, complete: datetime) -> None:
        """Say that time went on without anything new."""
        self._progress.applied({}, complete)
        self._close({}, complete)

    def _close(self, reached: Mapping[str, datetime], watermark: datetime) -> None:
        """Write the keyframes of closed days and, once in a while, the checkpoint."""
        live = {node: watermark for node in self._batch.positions if not _is_load(node)}
        self._insist(lambda: self._keyframes.close({**reached, **live}))
        self._insist(lambda: self._checkpointer.write_if_due(self._clock_s()))

    def _insist(self, attempt: Callable[[], _T]) -> _T:
        """Do it until it works, with growing and uneven pauses between the attempts."""
        while True:
            try:
                result = attempt()
            except BackboneError as error:
                self._failed(error)
            else:
                self._failures = 0
                return result

    def _failed(self, error: BackboneError) -> None:
        if self._stopping.is_set():
            raise _Stopped from error
        ceiling_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0**self._failures)
        self._failures += 1
        log.warning("attempt %d failed: %s", self._failures, error)
        self._pause(ceiling_s * (0.5 + self._jitter() / 2))


def _is_load(node: str) -> bool:
    return node.startswith(LOAD_PREFIX)
