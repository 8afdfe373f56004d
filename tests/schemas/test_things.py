"""A thing is the fold of its facts: disorder, lateness and corrections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.classes import CLASSES
from schemas.elements import ELEMENTS, PLACE_WORST_FIRST
from schemas.things import Change, Thing, Word, apply, word_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ORGS = ("350203000000", "350203500000", "350206000000")
# A place folds by the worst that holds, the other five all alike.
FOLDS = ["case", "place"]
LIVES = ["person"]


class Told(NamedTuple):
    """One fact as it arrives: what it says, and which it corrects."""

    id: str
    minute: int
    slot: str
    status: str | None
    org: str | None
    shown: dict[str, Any]
    corrects: str | None
    sender: str

    def word(self, version: int) -> Word:
        """Its word at that place in the stream."""
        moment = NOON + timedelta(minutes=self.minute)
        return Word((moment, version), self.id, self.slot, self.status, self.org, self.shown)


class Stream:
    """Facts of one thing taken in one by one, as the ingest service does."""

    def __init__(self, element: str) -> None:
        self.thing = Thing(element, "1")
        self.words: list[Word] = []
        self.changes: list[Change] = []
        self.looked_back = 0

    def take(self, told: Told) -> Change:
        """The next fact of the stream."""
        word = told.word(self.thing.version + 1)
        change = apply(
            self.thing, word, sender=told.sender, corrects=told.corrects, history=self._history
        )
        self.words.append(word)
        self.changes.append(change)
        return change

    def _history(self) -> Iterable[Word]:
        self.looked_back += 1
        return tuple(self.words)

    def seen(self) -> tuple[str, str, dict[str, Any], datetime]:
        """All that is known of the thing."""
        return self.thing.status, self.thing.org, self.thing.fields(), self.thing.since


def folded(element: str, told: Iterable[Told]) -> Stream:
    """A stream after all these facts, in this order of arrival."""
    stream = Stream(element)
    for one in told:
        stream.take(one)
    return stream


def known(element: str, told: Sequence[Told]) -> tuple[str, str, dict[str, Any]]:
    """The same from all facts at once, by other code: status, organisation, fields."""
    mute = {t.corrects for t in told}
    versioned = [(t.minute, version, t) for version, t in enumerate(told) if t.id not in mute]
    ordered = [t for _, _, t in sorted(versioned, key=lambda v: v[:2])]
    newest = {t.slot: t for t in ordered}
    if element == "place" and newest:
        held = {t.status for t in newest.values()}
        status = next((s for s in PLACE_WORST_FIRST if s in held), "idle")
    else:
        status = next((t.status for t in reversed(ordered) if t.status), "")
    org = next((t.org for t in reversed(ordered) if t.org), told[0].sender)
    fields: dict[str, Any] = {}
    for one in ordered:
        if newest[one.slot] is one:
            fields.update(one.shown)
    return status, org, fields


@st.composite
def stories(
    draw: st.DrawFn, element: str, *, at_once: bool = True, senders: Sequence[str] = ORGS
) -> list[Told]:
    """Facts of one thing, some correcting others; without ``at_once`` no two happen together."""
    count = draw(st.integers(1, 8))
    minutes = draw(st.lists(st.integers(0, 20), min_size=count, max_size=count,
                            unique=not at_once))  # fmt: skip
    statuses = [s.name for s in ELEMENTS[element].statuses]
    told = []
    for n, minute in enumerate(minutes):
        others = [str(m) for m in range(count) if m != n]
        told.append(
            Told(
                id=str(n),
                minute=minute,
                slot=draw(st.sampled_from("abc")),
                status=draw(st.none() | st.sampled_from(statuses)),
                org=draw(st.none() | st.sampled_from(ORGS)),
                shown=draw(st.dictionaries(st.sampled_from("xyz"), st.integers(0, 9))),
                corrects=draw(st.none() | st.sampled_from(others)) if others else None,
                sender=draw(st.sampled_from(senders)),
            )
        )
    return told


@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("element", FOLDS)
def test_one_by_one_equals_all_at_once(element: str, data: st.DataObject) -> None:
    """After every fact the thing is what a fold of all facts so far says."""
    told = data.draw(stories(element))
    stream = Stream(element)

    for n, one in enumerate(told, start=1):
        stream.take(one)
        assert stream.seen()[:3] == known(element, told[:n])


@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("element", FOLDS)
def test_the_order_of_arrival_does_not_matter(element: str, data: st.DataObject) -> None:
    """The same facts give the same thing, corrections before what they correct included."""
    told = data.draw(stories(element, at_once=False, senders=ORGS[:1]))
    shuffled = data.draw(st.permutations(told))

    assert folded(element, shuffled).seen() == folded(element, told).seen()


@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("element", LIVES)
def test_a_late_fact_never_moves_a_status(element: str, data: st.DataObject) -> None:
    """What happened before the newest word on the status leaves it as it is."""
    told = data.draw(stories(element))
    stream = folded(element, told)
    before, said = stream.thing.status, stream.thing.said
    newest = int((said.key[0] - NOON) / timedelta(minutes=1)) if said else 0
    late = data.draw(stories(element))[0]._replace(id="late", corrects=None)
    if said is None:
        late = late._replace(status=None)

    change = stream.take(late._replace(minute=min(late.minute, newest - 1)))

    assert stream.thing.status == before
    assert (change.from_status, change.to_status) == (before, before)


@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("element", FOLDS)
def test_a_correction_replaces(element: str, data: st.DataObject) -> None:
    """After a correction it is as if the corrected fact had never been sent."""
    told = [
        one._replace(corrects=None)
        for one in data.draw(stories(element, at_once=False, senders=ORGS[:1]))
    ]
    wrong = data.draw(st.sampled_from(told))
    right = data.draw(stories(element, senders=ORGS[:1]))[0]
    right = right._replace(id="right", minute=21, corrects=wrong.id)

    corrected = folded(element, [*told, right])

    assert corrected.seen() == folded(element, [t for t in told if t is not wrong] + [right]).seen()


@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("element", FOLDS)
def test_changes_form_a_chain(element: str, data: st.DataObject) -> None:
    """Each change starts where the one before ended, the first from nothing."""
    stream = folded(element, data.draw(stories(element)))

    before = ("", "")
    for change in stream.changes:
        assert (change.from_status, change.from_org) == before
        before = (change.to_status, change.to_org)
    assert before == (stream.thing.status, stream.thing.org)


@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("element", LIVES)
def test_the_past_is_read_for_corrections_alone(element: str, data: st.DataObject) -> None:
    """A fact costs the same however long a life is, unless it takes back what still holds."""
    told = [one._replace(corrects=None) for one in data.draw(stories(element))]
    stream = folded(element, told)
    assert stream.looked_back == 0
    target = data.draw(st.sampled_from(told)).id
    holds = stream.thing.speaks(target)

    stream.take(told[0]._replace(id="right", corrects=target))

    assert stream.looked_back == int(holds)


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(PLACE_WORST_FIRST), min_size=1))
def test_the_worst_in_a_room_wins(held: dict[str, str]) -> None:
    """Room and each of its channels hold beside one another (DOMAIN §8b)."""
    told = [
        Told(slot, n, slot, status, None, {}, None, ORGS[0])
        for n, (slot, status) in enumerate(held.items())
    ]

    stream = folded("place", told)

    assert stream.thing.status == min(held.values(), key=PLACE_WORST_FIRST.index)


def test_a_room_is_as_bad_only_as_long_as_it_lasts() -> None:
    """A channel that records again no longer makes its room blind; since tells from when."""
    room = Stream("place")

    room.take(Told("1", 0, "room", "occupied", None, {}, None, ORGS[0]))
    room.take(Told("2", 1, "channel/1", "blind", None, {}, None, ORGS[0]))
    assert (room.thing.status, room.thing.since) == ("blind", NOON + timedelta(minutes=1))

    room.take(Told("3", 2, "channel/1", "idle", None, {}, None, ORGS[0]))
    assert (room.thing.status, room.thing.since) == ("occupied", NOON)


def test_unusual_moves_are_marked_and_applied() -> None:
    """A step never sent is no reason to refuse, and is counted."""
    case = Stream("case")

    usual = case.take(Told("1", 0, "a", "open", None, {}, None, ORGS[0]))
    unusual = case.take(Told("2", 1, "a", "closed", None, {}, None, ORGS[0]))
    taken_back = case.take(Told("3", 2, "a", "open", None, {}, "2", ORGS[0]))

    assert (usual.unusual, unusual.unusual, taken_back.unusual) == (False, True, False)
    assert (unusual.from_status, unusual.to_status) == ("open", "closed")


def test_a_correction_can_take_a_thing_back_to_nothing_known() -> None:
    """The only word on the status, taken back, leaves no status; the thing stays."""
    stay = Stream("person")

    stay.take(Told("1", 0, "a", "admitted", ORGS[1], {"x": 1}, None, ORGS[0]))
    change = stay.take(Told("2", 0, "b", None, None, {}, "1", ORGS[0]))

    assert (change.from_status, change.to_status) == ("admitted", "")
    assert (change.from_org, change.to_org) == (ORGS[1], ORGS[0])
    assert stay.thing.fields() == {}


def test_word_of_a_fact() -> None:
    """A word holds what the table says: status, organisation, shown fields that are given."""
    row = CLASSES["person.admitted"]
    data = msgspec.convert(
        {"person_no": "R1", "name": "某人", "sex": "女", "org": ORGS[1]}, row.struct
    )

    word = word_of(row, data, fact_id="e1", occurred_at=NOON, version=3)

    assert word == Word((NOON, 3), "e1", "person.admitted", "admitted", ORGS[1], {"sex": "女"})


def test_slots_tell_facts_of_a_class_apart() -> None:
    """Two channels of one room are two words."""
    row = CLASSES["recording.status_changed"]
    slots = [
        word_of(
            row,
            msgspec.convert({"room_id": "1", "channel": c, "state": "gap"}, row.struct),
            fact_id=c,
            occurred_at=NOON,
            version=1,
        ).slot
        for c in "12"
    ]

    assert slots == ["recording.status_changed/1", "recording.status_changed/2"]


def test_a_check_keeps_what_an_earlier_one_told() -> None:
    """A round without a risk level leaves the one told before; a newer level replaces it."""
    row, thing = CLASSES["person.checked"], Thing("person", "R1")
    told: list[dict[str, str]] = [{"risk_level": "high", "measure": "m"}, {}, {"risk_level": "low"}]
    for version, fields in enumerate(told, 1):
        data = msgspec.convert({"person_no": "R1", **fields}, row.struct)
        word = word_of(row, data, fact_id=str(version), occurred_at=NOON, version=version)
        apply(thing, word, sender=ORGS[0], history=lambda: ())

    assert thing.fields() == {"risk_level": "low", "measure": "m"}


def test_a_newer_fact_of_most_classes_replaces_the_whole() -> None:
    """A return without a due date leaves no date of the loan before."""
    row, thing = CLASSES["property.moved"], Thing("property", "W1")
    for version, fields in enumerate(
        ({"action": "lend", "due_back": NOON.isoformat()}, {"action": "return"}), 1
    ):
        data = msgspec.convert({"item_no": "W1", **fields}, row.struct)
        word = word_of(row, data, fact_id=str(version), occurred_at=NOON, version=version)
        apply(thing, word, sender=ORGS[0], history=lambda: ())

    assert thing.fields() == {}
