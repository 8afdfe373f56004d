"""The writer while nothing comes: it settles durably, and takes the store when it can."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.backbone.errors import StoreFull, StoreUnavailable
from services.backbone.telemetry import Metrics
from services.ingest.application import Application
from services.ingest.writer import Writer
from tests.support.events import NOON, event
from tests.support.ingest import MASTER, House, arrival

WAIT_S = 30


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A real store and vault."""
    with House(tmp_path) as house:
        yield house


class Keeper(Application):
    """The real application, whose store can be taken from it."""

    def __init__(self, house: House) -> None:
        super().__init__(house.store, house.vault, MASTER, house.clock)
        self.error: Exception | None = None
        self.kept = threading.Semaphore(0)

    def keep(self) -> None:
        """As the application does, unless something is in the way."""
        try:
            if self.error is not None:
                raise self.error
            super().keep()
        finally:
            self.kept.release()

    def wait_kept(self, times: int = 3) -> None:
        """Wait for so many tries: the first may have begun before, the last may not be over."""
        while self.kept.acquire(blocking=False):
            pass
        for _ in range(times):
            assert self.kept.acquire(timeout=WAIT_S)


@pytest.fixture
def keeper(house: House) -> Keeper:
    """An application that is to be kept."""
    return Keeper(house)


@pytest.fixture
def keeping(keeper: Keeper) -> Iterator[Writer]:
    """A writer that keeps it whenever nothing comes."""
    writer = Writer(
        keeper, Metrics(), queue_events=9, queue_bytes=10**6, appended=lambda: None, keep_s=0.01
    )
    writer.start()
    yield writer
    writer.stop()


def test_idle_time_is_settled_durably(house: House, keeper: Keeper, keeping: Writer) -> None:
    """Over and over, so that a reader of the store knows how far the log is complete."""
    house.clock.move(minutes=5)
    keeper.wait_kept()

    assert house.store.heads()["main"].settled == (NOON + timedelta(minutes=5)).isoformat()
    assert keeping.ready()


@pytest.mark.parametrize("error", [StoreUnavailable("away"), StoreFull("full"), KeyError("?")])
def test_it_is_ready_as_soon_as_the_store_is(
    keeper: Keeper, keeping: Writer, error: Exception
) -> None:
    """Whatever was in the way; the writer outlives it."""
    keeper.error = error
    keeper.wait_kept()
    assert not keeping.ready()

    keeper.error = None
    keeper.wait_kept()
    assert keeping.ready()


def test_a_commit_tells_whether_it_is_ready(
    house: House, keeper: Keeper, keeping: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    """Not only idle time does."""
    keeper.error = StoreUnavailable("idle time tells nothing good")
    keeper.wait_kept()
    one = event("case.accepted", "1", subject="A1")

    with caplog.at_level(logging.INFO):
        keeping.submit([arrival(one, now=house.clock())]).result(WAIT_S)
        keeper.wait_kept()

    assert "the event store is this process's to write" in caplog.messages


def test_time_is_settled_while_much_comes(house: House, keeper: Keeper) -> None:
    """A load of hours would else hold up the moment of the live log beside it."""
    now_s = [0.0]
    writer = Writer(
        keeper,
        Metrics(),
        queue_events=9,
        queue_bytes=10**6,
        appended=lambda: None,
        keep_s=3600.0,
        clock_s=lambda: now_s[0],
    )
    writer.start()
    assert keeper.kept.acquire(timeout=WAIT_S)  # at its start

    for number, at_s in enumerate((10.0, 3601.0), start=1):
        now_s[0] = at_s
        house.clock.move(minutes=1)
        one = event("case.accepted", str(number), subject=f"A{number}")
        writer.submit([arrival(one, now=house.clock())]).result(WAIT_S)

    assert keeper.kept.acquire(timeout=WAIT_S)
    writer.stop()
    assert not keeper.kept.acquire(blocking=False)
    assert house.store.heads()["main"].settled >= house.clock().isoformat()


def test_without_idle_time_to_keep_it_is_ready_while_it_lives(house: House) -> None:
    """A file that this process has taken is its own."""
    with_file = Writer(
        Application(house.store, house.vault, MASTER, house.clock),
        Metrics(),
        queue_events=9,
        queue_bytes=10**6,
        appended=lambda: None,
    )
    assert not with_file.ready()
    with_file.start()
    assert with_file.ready()
    with_file.stop()
    assert not with_file.ready()
