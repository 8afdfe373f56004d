"""Trying until it works."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest

from services.backbone.errors import BackboneError, LogUnavailable, OffsetLost, WarehouseFailed
from services.backbone.log import Portion
from services.backbone.progress import Progress
from services.backbone.warehouse import Warehouse
from services.projector.check import check
from services.projector.migrations import apply
from services.projector.patience import (
    FIRST_RETRY_S,
    LONGEST_RETRY_S,
    PLACE_KEPT_S,
    Patience,
    Stopped,
)
from services.projector.runner import Projector
from tests.projector.grouping import ENTRIES, filled
from tests.support.memory_log import MemberLog


class Waits:
    """Takes note of each wait."""

    def __init__(self, *, jitter: float = 1.0, place: bool = False) -> None:
        self.waited_s: list[float] = []
        self.kept = 0
        self.stopping = threading.Event()
        self._place = place
        self.patience = Patience(
            self.stopping,
            pause=self.waited_s.append,
            jitter=lambda: jitter,
            keep_place=self._keep,
        )

    def _keep(self) -> bool:
        self.kept += 1
        return self._place


def failing(times: int, error: BackboneError) -> Callable[[], str]:
    """Fails so many times before it works."""
    left = iter(range(times))

    def attempt() -> str:
        if next(left, None) is not None:
            raise error
        return "done"

    return attempt


DOWN = WarehouseFailed(None, "away")


def test_pauses_grow_up_to_a_bound() -> None:
    """Once it works the count begins again."""
    waits = Waits()
    assert waits.patience.insist(failing(10, DOWN)) == "done"

    assert waits.waited_s == [min(FIRST_RETRY_S * 2**n, LONGEST_RETRY_S) for n in range(10)]
    assert waits.patience.failures == 0


def test_pauses_are_uneven() -> None:
    """Jitter keeps several projectors from coming back in step: half the time at least."""
    waits = Waits(jitter=0.0)
    waits.patience.insist(failing(2, DOWN))

    assert waits.waited_s == [FIRST_RETRY_S / 2, FIRST_RETRY_S]


def test_a_long_pause_is_cut_to_keep_the_place() -> None:
    """Whoever shares the log shows that it lives."""
    waits = Waits(place=True)
    waits.patience.insist(failing(8, DOWN))

    assert max(waits.waited_s) == PLACE_KEPT_S
    assert waits.kept >= len(waits.waited_s)


def test_who_is_asked_to_stop_gives_up() -> None:
    """At the first failure after that."""
    waits = Waits()
    waits.stopping.set()
    assert waits.patience.insist(failing(0, DOWN)) == "done"

    with pytest.raises(Stopped):
        waits.patience.insist(failing(1, DOWN))


def test_a_lost_offset_is_not_asked_for_again() -> None:
    """Anything else of the log may pass by itself."""
    waits = Waits()
    waits.patience.insist(failing(3, LogUnavailable("away")))
    with pytest.raises(OffsetLost):
        waits.patience.insist(failing(1, OffsetLost("gone")))

    assert len(waits.waited_s) == 4


def test_while_the_warehouse_fails_the_place_in_the_group_is_kept(warehouse: Warehouse) -> None:
    """However long that takes, the log is asked for it every two seconds at least."""
    slept_s: list[float] = [0.0]
    asked_s: list[float] = []

    class Asked(MemberLog):
        """Breaks the warehouse at the first reading; notes when it was asked."""

        def assigned(self) -> frozenset[str] | None:
            """See ``Log``."""
            asked_s.append(sum(slept_s))
            return super().assigned()

        def read(self, after: Mapping[str, int], limit: int) -> Portion | None:
            """See ``Log``."""
            if sum(slept_s) == 0:
                warehouse.command("DROP TABLE IF EXISTS events SYNC")
            return super().read(after, limit)

    def pause(wait_s: float) -> None:
        slept_s.append(wait_s)
        if sum(slept_s) > 60:
            apply(warehouse)

    Projector(warehouse, Asked(filled()), Progress(), jitter=lambda: 1.0, pause=pause).catch_up()

    assert sum(slept_s) > 60
    gaps = [later - earlier for earlier, later in pairwise(asked_s)]
    assert max(gaps) <= PLACE_KEPT_S
    assert check(warehouse, ENTRIES, total=300).listed == []
