"""A projector that ends itself with SIGKILL some time after its first insert.

``python -m tests.projector.killed FOLDER LOG DELAY_S``; with a delay of 0 it lives, takes in
the whole log, checks every view and prints the differences.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from services.backbone.log import Entry
from services.backbone.progress import Progress
from services.backbone.warehouse import connect
from services.projector.check import check
from services.projector.runner import Projector
from tests.support.memory_log import MemoryLog

BLOCK_ROWS = 200


class Ending(Progress):
    """Begins the countdown with the first report."""

    def __init__(self, delay_s: float) -> None:
        super().__init__()
        self._delay_s = delay_s

    def applied(self, positions: Mapping[str, int], watermark: datetime) -> None:
        """A report: from the first on, the end may come at any moment."""
        if self._delay_s and self.snapshot().generation == 0:
            countdown = threading.Timer(self._delay_s, os.kill, (os.getpid(), signal.SIGKILL))
            countdown.daemon = True
            countdown.start()
        super().applied(positions, watermark)


def main(folder: str, log: Path, delay_s: float) -> None:
    """Take in the log, or what the delay allows of it."""
    entries = msgspec.msgpack.decode(log.read_bytes(), type=list[Entry])
    warehouse = connect(f"chdb://{folder}")
    Projector(warehouse, MemoryLog(entries), Ending(delay_s), block_rows=BLOCK_ROWS).catch_up()
    if delay_s:
        signal.pause()
    findings = check(warehouse, entries, total=len(entries))
    warehouse.close()
    for finding in findings.listed:
        print(*finding)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
