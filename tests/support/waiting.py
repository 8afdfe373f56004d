"""Waiting for what another thread, process or engine brings about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

WITHIN_S = 60.0
LOOK_S = 0.02


def eventually(holds: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Return once it holds; raises AssertionError when it does not come to."""
    deadline_s = time.monotonic() + within_s
    never = threading.Event()
    while not holds():
        assert time.monotonic() < deadline_s, "it never came to hold"
        never.wait(LOOK_S)
