"""Faults on purpose."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from services.simulator.engine import Told
from services.simulator.faults import KINDS, LONGEST_HOLD, Disturbance, Draft, Spell, disturbed

HOW = Disturbance((Spell(0, 1.0),), importing=False, scoped=True, stranger="350000000000")


def drafts(told: list[Told], how: Disturbance = HOW) -> list[tuple[Told, list[Draft]]]:
    """What goes out for each event."""
    return [(t, list(disturbed(t, 3, how, None))) for t in told[-6000:]]


def test_every_fault_is_mixed_in(told: list[Told]) -> None:
    """All kinds but those that only an importer can make."""
    kinds = {d.fault for _, out in drafts(told) for d in out if d.fault}

    assert kinds == set(KINDS.items) - {"received_out_of_order"}


def test_the_ratio_says_how_many_are_disturbed(told: list[Told]) -> None:
    """About one in five, by the event's own id: the same events each time."""
    some = HOW._replace(spells=(Spell(0, 0.2),))
    disturbed_ids = [t.event.id for t, out in drafts(told, some) if len(out) > 1 or out[0].fault]

    assert len(disturbed_ids) / 6000 == pytest.approx(0.2, abs=0.03)
    assert disturbed_ids == [
        t.event.id for t, out in drafts(told, some) if len(out) > 1 or out[0].fault
    ]


def test_nothing_is_lost(told: list[Told]) -> None:
    """The good event always goes out, at once or within hours, unchanged."""
    for t, out in drafts(told):
        own = [d for d in out if d.event is t.event]
        assert len(own) == 1
        assert 0 <= own[0].moment - t.moment <= LONGEST_HOLD
        assert own[0].expected.status == "accepted"


def test_a_duplicate_is_the_same_bytes(told: list[Told]) -> None:
    """Sent again, and known."""
    found = [(t, d) for t, out in drafts(told) for d in out if d.fault == "duplicate"]

    assert found
    assert all(d.body == msgspec.json.encode(t.event) for t, d in found)
    assert {d.expected.status for _, d in found} == {"duplicate"}


def test_a_conflict_has_the_id_of_another_fact(told: list[Told]) -> None:
    """Same id, other content, after the first: refused by name."""
    found = [(t, d) for t, out in drafts(told) for d in out if d.fault == "conflict"]

    assert found
    for t, d in found:
        assert d.event is not None
        assert (d.event.id, d.event.source) == (t.event.id, t.event.source)
        assert d.event.data != t.event.data
        assert d.moment >= t.moment
        assert (d.expected.code, d.expected.path) == ("id_conflict", "id")


def test_a_correction_names_what_it_corrects(told: list[Told]) -> None:
    """A new id, the same thing, later, without a number of its own."""
    found = [(t, d) for t, out in drafts(told) for d in out if d.fault == "corrected"]

    assert found
    for t, d in found:
        assert d.event is not None
        assert d.event.corrects == t.event.id != d.event.id
        assert type(d.event.data) is type(t.event.data)
        assert d.event.sequence is None
        assert d.moment > t.moment


def test_faults_that_a_token_would_hide_are_left_out(told: list[Told]) -> None:
    """With one token for all nothing lies outside its scope."""
    unscoped = Counter(d.fault for _, out in drafts(told, HOW._replace(scoped=False)) for d in out)
    importing = Counter(
        d.fault for _, out in drafts(told, HOW._replace(importing=True)) for d in out
    )

    assert not unscoped["out_of_scope"]
    assert not unscoped["received_time_not_allowed"]
    assert not importing["out_of_scope"]
    assert importing["received_out_of_order"]
