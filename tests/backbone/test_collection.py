"""The cycle collector: seldom, but still there."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from services.backbone.collection import collect_rarely


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The collector of the other tests stays as it was."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


class Ring:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.itself = self


def test_cycles_are_still_collected() -> None:
    """Whatever is left in a ring goes within the next many objects."""
    collect_rarely()
    ring = weakref.ref(Ring())
    made = [[n] for n in range(200_000)]

    assert ring() is None
    assert len(made) == 200_000


def test_what_an_entry_imported_is_walked_through_no_more() -> None:
    """Modules and classes stay for ever anyway."""
    collect_rarely()

    assert gc.get_freeze_count() > 10_000
