"""The stream of a province's events."""

from __future__ import annotations

from collections import defaultdict

import msgspec
import pytest

from schemas.classes import CLASSES, references_of, subject_of
from schemas.envelope import CloudEvent
from services.simulator.engine import OPENING, Engine, Told
from services.simulator.pace import Pace, Stretch
from services.simulator.times import DAY, HOUR, MINUTE, aware
from tests.simulator.conftest import START, Fold, encoded, small_world


def test_the_same_seed_gives_the_same_bytes(told: list[Told]) -> None:
    """From the first event to the last."""
    assert encoded(Engine(small_world()).until(START + 3 * DAY // 2)) == encoded(told)


def test_another_seed_gives_another_province(told: list[Told]) -> None:
    """No event of the one is an event of the other."""
    other = Engine(small_world(seed=8)).until(START + HOUR)

    assert not {t.event.id for t in other} & {t.event.id for t in told}


@pytest.mark.parametrize("after", [-OPENING // 2, MINUTE, 7 * HOUR, DAY + 1])
def test_the_stream_can_be_taken_up_anywhere(told: list[Told], after: int) -> None:
    """A new engine that knows the counters goes on with the very same bytes."""
    first = Engine(small_world())
    before = list(first.until(START + after))
    second = Engine(small_world(), since=START + after, sequences=first.sequences())
    rest = list(second.until(START + 3 * DAY // 2))

    assert encoded(before) + encoded(rest) == encoded(told)


def test_events_come_in_the_order_of_sending(told: list[Told]) -> None:
    """Never one before another that is sent earlier."""
    moments = [t.moment for t in told]

    assert moments == sorted(moments)


def test_all_25_classes_appear_in_a_day(told: list[Told]) -> None:
    """None is missing from what happens after the start."""
    assert {t.event.type for t in told if START < t.moment <= START + DAY} == set(CLASSES)


def test_every_event_is_valid(told: list[Told]) -> None:
    """As the envelope and the Struct of its class have it."""
    for t in told:
        event = msgspec.json.decode(msgspec.json.encode(t.event), type=CloudEvent)
        struct = CLASSES[event.type].struct
        assert msgspec.json.decode(event.data, type=struct) == t.event.data


def test_ids_are_never_used_twice(told: list[Told]) -> None:
    """Each fact has its own."""
    assert len({t.event.id for t in told}) == len(told)


def test_each_source_counts_without_a_gap(told: list[Told]) -> None:
    """1, 2, 3 … in the order of sending."""
    counted = defaultdict(list)
    for t in told:
        counted[t.event.source].append(t.event.sequence)

    assert len(counted) == 12
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in counted.values())


def test_a_fact_happens_is_recorded_and_is_sent(told: list[Told]) -> None:
    """In that order; mostly within minutes, sometimes hours later."""
    later = [t for t in told if t.moment > START]
    lags = [(t.event.recordedtime - t.event.time).total_seconds() for t in later]

    assert min(lags) >= 0
    assert 0.001 < sum(lag > 1800 for lag in lags) / len(lags) < 0.02
    assert all(t.event.recordedtime.timestamp() * 1_000_000 <= t.moment + 1 for t in later)


def test_facts_name_things_that_are_told_of(told: list[Told]) -> None:
    """An incident's case, a stay's incident, an item's case …: fewer than one in a hundred open."""
    known = {
        (CLASSES[t.event.type].element, subject_of(CLASSES[t.event.type], t.event.data))
        for t in told
    }
    named = [
        ref
        for t in told
        if t.moment < START + DAY
        for ref in references_of(CLASSES[t.event.type], t.event.data)
    ]

    assert len(named) > 1000
    assert sum(ref not in known for ref in named) / len(named) < 0.01


def test_few_moves_are_unusual(fold: Fold) -> None:
    """Late entries alone make things skip a step; no element sees more than one in twenty."""
    shares = {e: fold.unusual[e] / n for e, n in fold.moves.items()}

    assert set(shares) == {"incident", "person", "property", "case", "place", "dossier"}
    assert max(shares.values()) < 0.05
    assert shares["incident"] > 0


def test_things_reach_every_status(told: list[Told]) -> None:
    """Each status of each element is there at some time."""
    fold = Fold()
    seen = defaultdict(set)
    for t in told:
        fold.take(t.event)
        row = CLASSES[t.event.type]
        if status := fold.things[row.element, subject_of(row, t.event.data)].status:
            seen[row.element].add(status)

    assert seen["incident"] == {
        "received", "dispatched", "arrived", "disposed", "verified", "reopened",
    }  # fmt: skip
    assert seen["person"] == {
        "arrived", "admitted", "searched", "sampled", "waiting", "interviewing", "out", "released",
    }  # fmt: skip
    assert seen["property"] == {"seized", "stored", "lent", "missing", "disposed"}
    assert seen["case"] == {
        "reviewing", "open", "decided", "transferred", "returned", "declined", "closed",
    }  # fmt: skip
    assert seen["place"] >= {"idle", "occupied", "unguarded", "blind"}
    assert seen["dossier"] == {
        "incomplete", "compiled", "stored", "lent", "transferred", "archived",
    }  # fmt: skip


def test_an_empty_province_begins_with_its_rooms_alone() -> None:
    """Nothing of what began before is told; what begins afterwards is whole."""
    engine = Engine(small_world(history=False))
    opening = list(engine.until(START))
    rest = list(engine.until(START + 12 * HOUR))
    fold = Fold()
    for t in (*opening, *rest):
        fold.take(t.event)

    assert {t.event.type for t in opening} == {"room.status_changed"}
    assert len(rest) > 500
    assert sum(fold.unusual.values()) / sum(fold.moves.values()) < 0.05


def test_rooms_are_as_full_as_the_stays_say(told: list[Told]) -> None:
    """A room's occupancy is never negative, and rooms empty again."""
    rooms = [t.event.data for t in told if t.event.type == "room.status_changed"]
    levels = [msgspec.structs.asdict(r)["occupancy"] for r in rooms]

    assert min(levels) == 0
    assert 2 <= max(levels) <= 12


def test_a_faster_clock_tells_the_same_facts_closer_together() -> None:
    """Same ids and sequences; times drawn together from the stretch on."""
    world = small_world(history=False)
    natural = list(Engine(world).until(START + DAY))
    fast = list(Engine(world, pace=Pace([Stretch(START, START, 100.0)])).until(START + DAY))

    assert [t.event.id for t in fast] == [t.event.id for t in natural]
    assert [t.event.sequence for t in fast] == [t.event.sequence for t in natural]
    last = (fast[-1].event.recordedtime - aware(START)).total_seconds()
    assert last == pytest.approx(864, rel=0.02)
