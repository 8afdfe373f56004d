"""Trying until it works: with growing, uneven pauses, and the place in the group kept meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from services.backbone.errors import BackboneError, OffsetLost

FIRST_RETRY_S = 0.25
LONGEST_RETRY_S = 30.0
PLACE_KEPT_S = 2.0
"""The log is asked at least this often while nothing works: see ``Log.assigned``."""

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Stopped(Exception):
    """Asked to stop while something fails."""


class Patience:
    """Insists, until it is asked to stop."""

    def __init__(
        self,
        stopping: threading.Event,
        *,
        pause: Callable[[float], object],
        jitter: Callable[[], float],
        keep_place: Callable[[], bool],
    ) -> None:
        """``pause`` waits so many seconds; ``keep_place`` is called every two seconds of a
        longer pause, and answers False where there is no place to keep."""
        self._stopping = stopping
        self._pause = pause
        self._jitter = jitter
        self._keep_place = keep_place
        self.failures = 0
        """Failed attempts in a row."""

    def insist(self, attempt: Callable[[], _T]) -> _T:
        """Do it until it works.

        Raises OffsetLost, for then something else must be attempted, and Stopped.
        """
        while True:
            try:
                result = attempt()
            except BackboneError as error:
                self._failed(error)
                if isinstance(error, OffsetLost):
                    raise
            else:
                self.failures = 0
                return result

    def _failed(self, error: BackboneError) -> None:
        if self._stopping.is_set():
            raise Stopped from error
        ceiling_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0**self.failures)
        self.failures += 1
        log.warning("attempt %d failed: %s", self.failures, error)
        self._rest(ceiling_s * (0.5 + self._jitter() / 2))

    def _rest(self, wait_s: float) -> None:
        if not self._keep_place():
            self._pause(wait_s)
            return
        while wait_s > 0 and not self._stopping.is_set():
            self._pause(min(wait_s, PLACE_KEPT_S))
            wait_s -= PLACE_KEPT_S
            self._keep_place()
