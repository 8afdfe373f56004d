"""The life of a dossier."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.dashboard_api.dossier_life import life_of
from tests.dashboard_api.facts import Told, at, facts_told
from tests.dashboard_api.histories import NOON
from tests.dashboard_api.test_stays import minutes


def moved(minute: float, action: str, **more: Any) -> Told:
    return (minute, "dossier.moved", {"dossier_no": "D1", "action": action, **more})


LIFE: tuple[Told, ...] = (
    (0, "dossier.compiled", {"dossier_no": "D1", "missing": ["笔录"], "pages": 30}),
    (10, "dossier.compiled", {"dossier_no": "D1", "missing": [], "pages": 40, "due_at": at(99)}),
    moved(20, "store", cabinet="A-3", officers=["001", "002"]),
    moved(30, "lend", officers=["001", "002"], due_back=at(50)),
    moved(60, "return", officers=["001"], cabinet="A-3"),
    moved(70, "archive"),
)


def life(*told: Told, until: float = 1000) -> list[dict[str, Any]]:
    return life_of(facts_told(*told), NOON + timedelta(minutes=until))


def test_a_dossier_is_told_from_its_papers_to_the_archive() -> None:
    """What is missing, where it stands, who takes it."""
    told = [
        (e["kind"], minutes(e["from"]), minutes(e["to"]), e["where"], len(e["by"]))
        for e in life(*LIFE)
    ]

    assert told == [
        ("incomplete", 0, 10, None, 0),
        ("compiled", 10, 20, None, 0),
        ("stored", 20, 30, "A-3", 2),
        ("lent", 30, 60, None, 2),
        ("returned", 60, 70, "A-3", 1),
        ("archived", 70, None, None, 0),
    ]


def test_missing_papers_and_late_returns_are_told() -> None:
    """Which papers, how many pages, ten minutes over."""
    told = life(*LIFE)

    assert [(e["missing"], e["pages"]) for e in told[:2]] == [(["笔录"], 30), ([], 40)]
    assert [e["over_s"] for e in told] == [None, None, None, 600, None, None]
    assert life(*LIFE[:4], until=55)[-1]["over_s"] == 300
    assert life(*LIFE[:4], until=45)[-1]["over_s"] is None


def test_nobody_is_named() -> None:
    """Those who take it are counted alone."""
    assert "001" not in str(life(*LIFE))
