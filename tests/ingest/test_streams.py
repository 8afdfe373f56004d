"""Streams: the aggregate of one thing, folded live or rebuilt from what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import StoredFact
from services.ingest.admission import Admissible
from services.ingest.streams import Stream, rebuilt, record, words_in
from tests.support.events import NOON, event
from tests.support.ingest import arrival

STATES = ["recording", "gap", "offline"]


def admissible(one: dict[str, Any]) -> Admissible:
    """An event that was admitted."""
    admitted = arrival(one).admitted
    assert isinstance(admitted, Admissible), admitted
    return admitted


class Life:
    """One stream as it grows, with all that was stored of it."""

    def __init__(self, element: str = "person", id_: str = "R1") -> None:
        self.stream = Stream(element, id_)
        self.stored: list[bytes] = []

    def take(self, one: dict[str, Any], sealed: Mapping[str, str] | None = None) -> StoredFact:
        """Record the next fact."""
        recorded = record(
            self.stream,
            admissible(one),
            received_at=NOON + timedelta(seconds=len(self.stored)),
            missing=0,
            sealed=sealed or {},
            history=lambda: words_in(self.stored),
        )
        assert recorded.sha256 == sha256(recorded.event.state).digest()
        self.stored.append(recorded.event.state)
        return msgspec.json.decode(recorded.event.state, type=StoredFact)


def test_each_fact_holds_the_hash_of_the_one_before() -> None:
    """The chain is over the stored bytes; the first has nothing before it."""
    life = Life()
    facts = [life.take(event(id_=str(n))) for n in range(3)]

    hashes = ["", *(sha256(stored).hexdigest() for stored in life.stored)]
    assert [fact.prev for fact in facts] == hashes[:3]
    assert life.stream.head == hashes[3]


def test_a_sealed_field_replaces_the_plain_one() -> None:
    """What goes to the store is what the vault gave; the rest is as it was sent."""
    life = Life()
    fact = life.take(event(data={"name": "张三", "sex": "男"}), sealed={"name": "sealed:abc"})

    data = msgspec.json.decode(fact.data)
    assert (data["name"], data["sex"]) == ("sealed:abc", "男")
    assert "张三".encode() not in life.stored[0]


def test_state_holds_the_newest_of_each_field_shown() -> None:
    """A fact of another class adds its fields, a blank one takes nothing away."""
    life = Life()
    life.take(event(id_="1", data={"sex": "男", "risk_level": "低", "measure": "传唤"}))
    fact = life.take(event("person.checked", "2", data={"risk_level": "高", "measure": ""}))

    assert fact.state == {"sex": "男", "risk_level": "高", "measure": "传唤"}


def test_the_stored_bytes_name_their_place() -> None:
    """Stream, version and topic are those of eventsourcing's row."""
    recorded = record(
        Stream("person", "R1"),
        admissible(event()),
        received_at=NOON,
        missing=3,
        sealed={},
        history=tuple,
    )

    assert recorded.event.originator_id == "person/R1"
    assert recorded.event.originator_version == 1
    assert recorded.event.topic == "person.admitted"
    assert msgspec.json.decode(recorded.event.state)["missing"] == 3


@st.composite
def _lives(draw: st.DrawFn) -> list[dict[str, Any]]:
    place = draw(st.booleans())
    types = (
        ["room.status_changed", "recording.status_changed"]
        if place
        else ["person.admitted", "person.searched", "person.checked", "person.released"]
    )
    made = []
    for n in range(draw(st.integers(1, 12))):
        one = event(
            draw(st.sampled_from(types)),
            str(n),
            subject="询1" if place else "R1",
            time=NOON - timedelta(minutes=draw(st.integers(0, 20))),
            data={"org": draw(st.sampled_from([None, "350203500000", "350206000000"]))},
        )
        if one["type"] == "recording.status_changed":
            one["data"] |= {"channel": draw(st.sampled_from("12"))}
            one["data"] |= {"state": draw(st.sampled_from(STATES))}
        corrected = draw(st.integers(-12, 12))
        known = corrected >= 0 and corrected != n
        made.append(one | {"corrects": str(corrected)} if known else one)
    return made


@given(_lives())
def test_a_rebuilt_stream_is_the_one_that_was_folded_live(events: list[dict[str, Any]]) -> None:
    """Whatever the order and the corrections, nothing depends on having been there."""
    place = events[0]["type"].startswith(("room", "recording"))
    life = Life("place", "询1") if place else Life()
    for one in events:
        life.take(one)

    again = rebuilt(life.stream.thing.element, life.stream.thing.id, life.stored)

    for name in Stream.__slots__:
        if name != "thing":
            assert getattr(again, name) == getattr(life.stream, name)
    for name in type(again.thing).__slots__:
        assert getattr(again.thing, name) == getattr(life.stream.thing, name), name


@pytest.mark.parametrize("stored", [(), []])
def test_a_stream_without_facts_is_new(stored: tuple[bytes, ...]) -> None:
    """Nothing is known of it yet."""
    stream = rebuilt("case", "A1", stored)

    assert (stream.thing.version, stream.thing.status, stream.head) == (0, "", "")
    assert stream.received_at is None
