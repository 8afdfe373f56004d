"""How far the views are."""

import threading
from datetime import timedelta

from services.backbone.progress import NEVER, Progress
from tests.support.records import START


def test_before_the_first_report_nothing_stands() -> None:
    """A reader that comes first sees no position and no moment."""
    assert Progress().snapshot() == ({}, NEVER, 0)


def test_reports_add_up() -> None:
    """Each node keeps its newest position; the generation counts reports."""
    progress = Progress()
    progress.applied({"main": 3, "load-a": 1}, START)
    progress.applied({"main": 5}, START + timedelta(seconds=1))

    assert progress.snapshot() == ({"main": 5, "load-a": 1}, START + timedelta(seconds=1), 2)


def test_the_watermark_does_not_go_back() -> None:
    """A report that knows less of time leaves the moment where it was."""
    progress = Progress()
    progress.applied({}, START)
    progress.applied({"main": 1}, NEVER)

    assert progress.snapshot().watermark == START


def test_a_snapshot_is_not_changed_by_later_reports() -> None:
    """What a reader holds stays as it was."""
    progress = Progress()
    progress.applied({"main": 1}, START)
    held = progress.snapshot()
    progress.applied({"main": 2}, START)

    assert held.positions == {"main": 1}


def test_wait_returns_at_once_when_there_is_news() -> None:
    """A reader that is behind does not wait."""
    progress = Progress()
    progress.applied({}, START)

    assert progress.wait(0, timeout_s=60)


def test_wait_ends_when_time_runs_out() -> None:
    """Without news a reader gets its turn back."""
    assert not Progress().wait(0, timeout_s=0)


def test_a_report_wakes_all_who_wait() -> None:
    """Each waiting thread hears of a report."""
    progress = Progress()
    heard: list[bool] = []
    waiting = [
        threading.Thread(target=lambda: heard.append(progress.wait(0, timeout_s=60)))
        for _ in range(3)
    ]
    for thread in waiting:
        thread.start()
    progress.applied({"main": 1}, START)
    for thread in waiting:
        thread.join(60)

    assert heard == [True] * 3
