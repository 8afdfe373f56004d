"""Python's cycle collector in a process that keeps very many objects for long."""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 50_000
GENERATIONS = (20, 20)


def collect_rarely() -> None:
    """Look for cycles seldom; to be called by an entry once everything is imported.

    The default looks every 700 new objects and walks through all the streams and sockets that
    are kept: a quarter of the time of an admission, and pauses that a wall would see.  Nearly
    everything here is freed by its last reference, cycles are few.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *GENERATIONS)
