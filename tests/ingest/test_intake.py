"""Intake: how much the door holds at once."""

from __future__ import annotations

import pytest

from services.ingest.errors import QueueFull
from services.ingest.intake import Intake


def test_past_the_bound_nobody_is_let_in() -> None:
    """A body that grows past what is left is turned away; the others go on."""
    intake = Intake(100)
    with intake.portion() as first, intake.portion() as second:
        first.add(60)
        second.add(40)
        with pytest.raises(QueueFull):
            first.add(1)
        assert intake.held == 100


def test_room_is_given_back_at_the_end() -> None:
    """Also of a request that was turned away."""
    intake = Intake(100)
    with intake.portion() as first:
        first.add(90)
        with pytest.raises(QueueFull), intake.portion() as second:
            second.add(11)
        assert intake.held == 90

    assert intake.held == 0


def test_an_empty_house_lets_anybody_in() -> None:
    """No body is too large for ever: its own limit stands elsewhere."""
    intake = Intake(10)
    with intake.portion() as only:
        only.add(50)

        assert intake.held == 50
