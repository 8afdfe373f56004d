"""What a record says in Chinese."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from schemas.classes import CLASSES
from services.printer import words
from tests.printer.records import change, event

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(60.0, "1 分"), (3599.0, "59 分"), (3720.0, "1 时 2 分"), (90_000.0, "1 天 1 时")],
)
def test_a_duration_has_two_units_at_most(seconds: float, told: str) -> None:
    """The largest that hold."""
    assert words.lasting(seconds) == told


def test_marks_tell_what_is_out_of_the_ordinary() -> None:
    """Nothing for a plain event; one line for each oddity."""
    odd = event("f", "case.accepted", "case", "A1", late=True, late_s=120.0, corrects="f0",
                corrected_by="f9", unusual=True, chain="broken")  # fmt: skip

    assert words.marks(event("f", "case.accepted", "case", "A1")) == ""
    assert words.marks(odd).split("\n") == [
        "迟到", "迟录 2 分", "更正 f0", "已被更正 f9", "异常流转", "链断"
    ]  # fmt: skip


@pytest.mark.parametrize("type_", sorted(CLASSES))
def test_every_class_is_told(type_: str) -> None:
    """By its Chinese name and the character of its element."""
    row = CLASSES[type_]
    told = words.what(event("f", type_, row.element, "X1"))

    assert told.startswith(f"{row.chinese} · ")
    assert told.endswith("X1")


def test_a_move_is_told_in_words() -> None:
    """From which status to which."""
    moved = event("f", "case.accepted", "case", "A1", changes=[change("case", None, "open")])

    assert words.what(moved).split("\n")[1] == "无 → 已受(立)案"


def test_a_moment_is_told_as_the_place_counts() -> None:
    """Midnight in Fujian is four in the afternoon in UTC."""
    assert words.moment(datetime(2026, 1, 1, 16, tzinfo=UTC), ZONE) == "2026-01-02 00:00:00"
