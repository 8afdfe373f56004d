"""The chain that the API tells is that of the event store."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.envelope import StoredFact
from services.backbone.log import Entry
from services.backbone.warehouse import Warehouse, connect
from services.dashboard_api.chain import linked, open_ends, place_of, stored_bytes
from services.dashboard_api.fact_reader import facts_of
from services.dashboard_api.facts import Fact
from services.dashboard_api.readers import Readers
from tests.dashboard_api.facts import facts_in
from tests.dashboard_api.histories import NOON, made_up, one_case
from tests.support.histories import histories
from tests.support.odd import JSON
from tests.support.projecting import empty, insert
from tests.support.records import Recorder, province
from tests.support.warehouse import engine, standing_warehouse, warehouse

__all__ = ["engine", "standing_warehouse", "warehouse"]

EVER = datetime(2200, 1, 1, tzinfo=UTC)

_stored = msgspec.json.Decoder(StoredFact)


def stored(entry: Entry) -> bytes:
    """The bytes of an entry's fact in the event store."""
    return b"{" + entry.body.split(b",", 2)[2]


async def read(warehouse: Warehouse, entries: Sequence[Entry]) -> list[Fact]:
    """The facts of some entries as the dashboard reads them, whatever stood there before."""
    empty(warehouse)
    insert(warehouse, entries)
    records = [_stored.decode(stored(entry)) for entry in entries]
    things = sorted({(record.element, record.subject) for record in records})
    readers = Readers([connect(_dsn(warehouse))])
    try:
        return await facts_of(readers, things, known=EVER)
    finally:
        readers.close()


def _dsn(warehouse: Warehouse) -> str:
    ((folder,),) = warehouse.rows("SELECT path FROM system.disks WHERE name = 'default'")
    return f"chdb://{folder}?database={warehouse.database}"


def assert_chain(facts: Sequence[Fact], entries: Sequence[Entry]) -> None:
    """Every fact's bytes are those stored, and every hash but the newest is confirmed."""
    bytes_of = {(e.node, e.position): stored(e) for e in entries}
    links = linked(facts, {})
    newest = {fact.key: fact.version for fact in facts}
    for fact in facts:
        expected = bytes_of[fact.node, fact.position]
        link = links[place_of(fact)]
        assert stored_bytes(fact) == expected
        assert link.hash == sha256(expected).hexdigest()
        assert link.chain == ("newest" if fact.version == newest[fact.key] else "checked")
    assert len(facts) == len(entries)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories())
async def test_the_stored_bytes_are_made_again(warehouse: Warehouse, entries: list[Entry]) -> None:
    """Any class, any fields, late, disordered, corrected: the very bytes, so the very hash."""
    assert_chain(await read(warehouse, entries), entries)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    texts=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=4),
    extensions=st.none() | st.dictionaries(st.text(min_size=1), JSON, max_size=3),
    microseconds=st.lists(st.integers(0, 10**7 - 1), min_size=4, max_size=4),
)
async def test_odd_texts_and_extensions_are_made_again(
    warehouse: Warehouse, texts: list[str], extensions: Any, microseconds: list[int]
) -> None:
    """Control characters, other scripts, any extension attribute, any microsecond."""
    recorder = Recorder()
    entries = [
        recorder.record(
            "person.checked",
            {"person_no": "R1", "state": text, "evidence": texts},
            id_=text,
            sender="350203000000",
            occurred_at=NOON.replace(microsecond=microsecond % 10**6),
            received_at=NOON.replace(microsecond=microsecond // 10),
            extensions=extensions,
            sequence=microsecond - 5_000_000,
            missing=microsecond % 3,
        )
        for text, microsecond in zip(texts, microseconds, strict=False)
    ]

    assert_chain(await read(warehouse, entries), entries)


@pytest.mark.parametrize(
    "entries",
    [one_case(), made_up(11, facts=400), list(islice(province(3), 800))],
    ids=["one case", "made up", "province"],
)
async def test_whole_histories_are_one_chain(warehouse: Warehouse, entries: list[Entry]) -> None:
    """Nothing in a long history falls out of the chain."""
    assert_chain(await read(warehouse, entries), entries)


async def test_an_altered_fact_breaks_the_chain(warehouse: Warehouse) -> None:
    """Whatever column is changed in the views, the fact after it says so."""
    facts = await read(warehouse, made_up(11, facts=400))
    made = random.Random(3)
    by_thing: dict[Any, list[Fact]] = {}
    for fact in facts:
        by_thing.setdefault(fact.key, []).append(fact)
    long = [of_one for of_one in by_thing.values() if len(of_one) > 2]
    alterations: tuple[tuple[str, Any], ...] = (
        ("org", "350100000000"), ("data_text", '{"person_no":"X"}'), ("state_text", "{}"),
        ("missing", 77), ("occurred_at", NOON), ("sequence", 1234), ("extensions", '{"a":1}'),
        ("prev", "0" * 64), ("sender", "350199000000"), ("corrects", "another"),
    )  # fmt: skip
    for field, altered in alterations:
        chain = made.choice(long)
        n = made.randrange(len(chain) - 1)
        changed = [*chain]
        changed[n] = chain[n]._replace(**{field: altered})
        links = linked(changed, {})

        assert links[place_of(changed[n])].chain == "broken"


def test_a_part_of_a_thing_is_confirmed_by_what_was_not_read(warehouse: Warehouse) -> None:
    """Where the fact after one is not among those read, its word can be given."""
    recorder = Recorder()
    entries = [
        recorder.record(
            "person.searched", {"person_no": "R1"}, id_=f"f{n}", sender="350203000000",
            occurred_at=NOON, received_at=NOON,
        )
        for n in range(3)
    ]  # fmt: skip
    first, second, third = facts_in(entries)

    assert open_ends([first, third]) == [("person", "R1", 2), ("person", "R1", 4)]
    assert linked([first], {})[place_of(first)].chain == "newest"
    assert linked([first], {place_of(first): second.prev})[place_of(first)].chain == "checked"
    assert linked([first], {place_of(first): third.prev})[place_of(first)].chain == "broken"
