"""The writer on a server: what several post close together is one commit."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from services.ingest.application import Answer
from tests.ingest.test_writer import Desk, answers
from tests.support.events import event
from tests.support.ingest import House

GATHER_S = 0.5


def test_who_posts_alone_is_not_held_up(tmp_path: Path) -> None:
    """One after the other, each at once, but for the first behind a commit of several."""
    early: list[float] = []
    meanwhile: list[Future[list[Answer]]] = []

    def pause(seconds: float) -> None:
        early.append(seconds)
        if len(early) == 1:
            meanwhile.append(desk.submit(event(id_="meanwhile")))

    with House(tmp_path) as house:
        desk = Desk(house, gather_s=GATHER_S, clock_s=lambda: 7.0, pause=pause)
        answers(desk.submit(event(id_="alone")))
        desk.hold()
        together = [desk.submit(event(id_=name)) for name in ("one", "another")]
        assert early == []
        desk.application.open.set()
        assert [answers(part)[0][1] for part in together] == ["accepted"] * 2
        assert answers(meanwhile[0]) == [("meanwhile", "accepted")]
        for name in ("behind", "alone again"):
            answers(desk.submit(event(id_=name)))
        desk.writer.stop()

    assert desk.application.commits == [1, 1, 3, 1, 1]
    assert early == [GATHER_S, GATHER_S]
