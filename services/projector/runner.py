"""The loop that takes the log into the warehouse, each record once by its keys.

Insert, then report, then checkpoint.  What a crash leaves behind the last checkpoint is
inserted again, which changes nothing.  When the warehouse fails, the same block is tried
again until it stands; nothing is skipped.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from services.backbone.errors import BackboneError, OffsetLost
from services.backbone.log import LOAD_PREFIX, Complete, Log, Portion
from services.backbone.progress import NEVER, Progress
from services.backbone.warehouse import Warehouse
from services.projector import checkpoints
from services.projector.batch import BLOCK_ROWS, FLUSH_AFTER_S, Batch, Block, Pace
from services.projector.closing import DayEnds
from services.projector.extent import Extent
from services.projector.holes import Holes
from services.projector.inserting import insert
from services.projector.migrations import apply
from services.projector.patience import Patience, Stopped
from services.projector.shares import Shares, carry_over

IDLE_S = 0.25
SHARED_CHECKPOINT_S = 0.0
"""After each block: nobody else sees it before."""
IDLE_CHECKPOINT_S = 1.0

log = logging.getLogger(__name__)

_Answer = tuple[Mapping[str, Complete], Portion | None]


class Health(NamedTuple):
    """How the projector is doing."""

    running: bool
    failures: int
    """Failed attempts in a row; 0 when all is well."""
    records: int
    """Records inserted since the start."""
    duplicates: int
    """Entries that stood on the log twice."""
    set_aside: int
    """What was no record."""
    holes: int
    """Partitions of which something was gone before it was read, and not fed again yet."""


Told = Callable[[Mapping[str, int], Mapping[str, int]], None]
"""Hears (offsets, ends) of the partitions that the projector has."""


class Projector:
    """One thread that follows the log.  ``warehouse`` is its own client, for writing."""

    def __init__(
        self,
        warehouse: Warehouse,
        source: Log,
        progress: Progress,
        *,
        shared: bool = False,
        block_rows: int = BLOCK_ROWS,
        flush_after_s: float = FLUSH_AFTER_S,
        clock_s: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        pause: Callable[[float], object] | None = None,
        told: Told | None = None,
    ) -> None:
        """``shared``: other processes read the views or share the log, so the warehouse is
        told of every step.  ``pause`` waits a number of seconds; the default one ends early
        at ``stop``."""
        self._warehouse = warehouse
        self._source = source
        self._progress = progress
        self._pace = Pace(flush_after_s)
        self._clock_s = clock_s
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._shared = shared
        self._told = told
        self._thread: threading.Thread | None = None
        self._patience = Patience(
            self._stopping, pause=self._pause, jitter=jitter, keep_place=self._keep_place
        )
        self._records = self._duplicates = self._set_aside = 0
        self._since_s = 0.0
        self._standing = Extent()
        self._holes = Holes()
        self._batch = Batch(Extent(), rows=block_rows)
        self._ahead: deque[_Answer] = deque()
        self._reading: Future[list[_Answer]] | None = None
        self._checkpointer = checkpoints.Checkpointer(
            warehouse,
            every_s=SHARED_CHECKPOINT_S if shared else 1.0,
            idle_every_s=IDLE_CHECKPOINT_S if shared else None,
        )
        self._days = DayEnds(warehouse, shared=shared)
        self._shares = Shares(warehouse, source)

    def start(self) -> None:
        """Make the views stand as their files say, then follow the log in a thread.

        Raises WarehouseFailed when the views cannot be made.
        """
        apply(self._warehouse)
        self.follow()

    def follow(self) -> None:
        """Follow the log in a thread, into views that stand."""
        self._thread = threading.Thread(target=self._follow, name="projector", daemon=True)
        self._thread.start()

    def catch_up(self) -> None:
        """As ``start``, but in this thread, and only to the end of the log as it is now."""
        apply(self._warehouse)
        self._follow(to_end=True)

    def stop(self) -> None:
        """Take in what was read, write the checkpoint, end the thread.

        One that does not share the log takes in all that stands on it.
        """
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def health(self) -> Health:
        """How it is doing; from any thread."""
        return Health(
            self._thread is not None and self._thread.is_alive(),
            self._patience.failures,
            self._records,
            self._duplicates,
            self._set_aside,
            len(self._holes.open()),
        )

    def _follow(self, *, to_end: bool = False) -> None:
        """Follow the log until asked to stop, and then to its end unless others go on."""
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="projector-reader") as self._reader:
                while not self._leaves(to_end) and self._round(to_end or self._stopping.is_set()):
                    pass
                if self._batch.waits:
                    self._flush()
                self._patience.insist(self._write_checkpoint)
                self._patience.insist(lambda: self._days.close(self._standing, math.inf))
        except Stopped:
            log.warning("stopped while the warehouse fails; the rest is inserted at the next start")

    def _leaves(self, to_end: bool) -> bool:
        """Whether to end before the log does: others go on with the rest."""
        return self._shared and self._stopping.is_set() and not to_end

    def _round(self, ending: bool) -> bool:
        """Read once, and insert, report or wait; False when all is done and should end."""
        self._share()
        try:
            watermarks, portion = (
                self._ahead.popleft() if self._ahead else self._patience.insist(self._read)
            )
        except OffsetLost:
            self._shares.doubt()
            return True
        if portion is not None:
            self._since_s = self._since_s if self._batch.rows else self._clock_s()
            self._duplicates += self._batch.add(portion, self._holes.believed(portion))
        if portion is None or _is_load(portion.partition):
            self._batch.told(watermarks)
        caught_up = portion is None
        wait_s = self._pace.wait_s(self._clock_s())
        if self._batch.rows and self._is_due(wait_s, caught_up=caught_up, ending=ending):
            self._flush()
        elif caught_up and self._batch.rows:
            self._pause(wait_s)
        elif caught_up:
            self._flush()
            if ending:
                return False
            self._idle()
        return True

    def _idle(self) -> None:
        """Wait until more may have come."""
        try:
            self._patience.insist(lambda: self._source.wait(IDLE_S))
        except OffsetLost:
            self._shares.doubt()

    def _is_due(self, wait_s: float, *, caught_up: bool, ending: bool) -> bool:
        """Whether to insert: what the log has just now goes into one block, if that is soon."""
        if not self._batch.room or (caught_up and ending):
            return True
        waited_s = self._clock_s() - self._since_s
        return wait_s == 0 and (caught_up or waited_s >= self._pace.flush_after_s)

    def _read(self) -> _Answer:
        """What the log tells of itself, asked before the reading, and what comes next."""
        watermarks = self._source.watermarks()
        return watermarks, self._source.read(self._batch.taken.offsets, self._batch.room)

    def _read_ahead(self, offsets: dict[str, int], limit: int) -> list[_Answer]:
        """What the next block takes, as far as it can be read at once."""
        answers: list[_Answer] = []
        while limit > 0:
            watermarks = self._source.watermarks()
            portion = self._source.read(offsets, limit)
            answers.append((watermarks, portion))
            if portion is None:
                break
            offsets[portion.partition] = portion.after
            limit -= len(portion.entries)
        return answers

    def _share(self) -> None:
        """Let go of partitions that others have now, take up new ones, look after holes."""
        if self._patience.insist(self._shares.changed):
            if self._batch.waits:
                self._flush()
            self._patience.insist(self._write_checkpoint)
            change = self._patience.insist(self._shares.take_up)
            written = carry_over(change, self._standing, self._holes)
            self._checkpointer.begin(change.log, written, change.bases())
            self._batch.taken = self._standing.copy()
            self._ahead.clear()
            self._report()
            self._patience.insist(self._write_checkpoint)
        if self._holes.open():
            self._patience.insist(lambda: self._shares.mend(self._holes, self._clock_s()))

    def _flush(self) -> None:
        """Insert all that waits, if anything does, and tell how far all is."""
        behind = not self._batch.room and not self._ahead
        block = self._batch.take()
        if block.rows or block.poison:
            self._insert(block, behind=behind)
        self._standing.advance(block.offsets, block.complete)
        self._report()
        self._patience.insist(
            lambda: self._checkpointer.write_if_due(self._clock_s(), self._standing, self._holes)
        )
        self._patience.insist(lambda: self._days.close(self._standing, self._clock_s()))

    def _insert(self, block: Block, *, behind: bool) -> None:
        started_s = self._clock_s()
        if behind:
            # Far behind, the log is read on one core while the block is inserted on the other.
            offsets = dict(self._batch.taken.offsets)
            self._reading = self._reader.submit(self._read_ahead, offsets, self._batch.room)
        self._set_aside += self._patience.insist(lambda: insert(self._warehouse, block))
        self._pace.flushed(started_s, self._clock_s())
        self._records += block.rows
        if self._reading and not isinstance(self._reading.exception(), BackboneError):
            self._ahead.extend(self._reading.result())
        self._reading = None

    def _report(self) -> None:
        """Tell how far every node is that this projector has all of, and each partition."""
        nodes = self._standing.nodes()
        live = [told.received_at for node, told in nodes.items() if not _is_load(node)]
        positions = {node: told.position for node, told in nodes.items() if told.position}
        self._progress.applied(positions, min(live, default=NEVER))
        if self._told:
            self._told(self._standing.offsets, self._patience.insist(self._source.ends))

    def _write_checkpoint(self) -> None:
        self._checkpointer.write(self._clock_s(), self._standing, self._holes)

    def _keep_place(self) -> bool:
        """Let the log know that this reader lives; False where it has all there is."""
        if self._shares.alone:
            return False
        if self._reading is None or self._reading.done():
            # Whatever ails the log is heard again when it is read.
            with suppress(BackboneError):
                self._source.assigned()
        return True


def _is_load(node: str) -> bool:
    return node.startswith(LOAD_PREFIX)
