"""The application: any order and any fault, and what is recorded stays true."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.envelope import StoredFact
from services.backbone.errors import StoreFull, StoreUnavailable
from services.backbone.event_store import NodeHead
from services.ingest.arrivals import Answer
from tests.support.events import COUNTY, NOON, PROVINCE, STATION, event
from tests.support.faults import full_disk, refused_writes
from tests.support.folds import told
from tests.support.ingest import Clock, House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An application over a fresh store."""
    with House(tmp_path) as house:
        yield house


def at(minute: int) -> datetime:
    """A moment of this morning."""
    return NOON - timedelta(hours=12) + timedelta(minutes=minute)


def many(first: int, count: int) -> list[dict[str, Any]]:
    """Events about things of their own, large enough to need pages."""
    return [
        event(id_=str(n), subject=f"R{n}", sequence=n, data={"evidence": ["x" * 400] * 9})
        for n in range(first, first + count)
    ]


def test_a_full_disk_records_nothing_and_the_next_commit_works(house: House) -> None:
    """A commit that does not fit leaves no trace, in the store or in memory."""
    house.record(many(0, 3))
    with full_disk(house.store), pytest.raises(StoreFull):
        house.record([*many(3, 200), b"bad"])

    assert [fact.id for fact in house.facts()] == ["0", "1", "2"]
    assert house.store.quarantine("35", ("", ""), 10) == ([], False)
    answers = house.record(many(2, 3))
    assert [(a.status, a.position) for a in answers] == [
        ("duplicate", 3),
        ("accepted", 4),
        ("accepted", 5),
    ]
    assert [fact.missing for fact in house.facts()] == [0] * 5
    assert house.findings() == []


def test_a_failed_write_records_nothing_and_the_next_commit_works(house: House) -> None:
    """Also where the disk refuses at the very COMMIT."""
    house.record(many(0, 3))
    with refused_writes(house.folder / "events.sqlite-wal"), pytest.raises(StoreUnavailable):
        house.record(many(3, 50))

    assert len(house.facts()) == 3
    assert [a.position for a in house.record(many(3, 2))] == [4, 5]
    house.restart()
    assert len(house.facts()) == 5
    assert house.findings() == []


def test_a_vault_that_cannot_keep_a_key_records_nothing(house: House) -> None:
    """A name is never stored before the key that opens it is durable."""
    house.record([event(data={"name": "张三"})])
    with refused_writes(house.folder / "vault.sqlite-wal"), pytest.raises(StoreUnavailable):
        house.record([event(id_="2", subject="R2", data={"name": "李四"})])

    assert len(house.facts()) == 1
    (answer,) = house.record([event(id_="2", subject="R2", data={"name": "李四"})])
    assert answer.position == 2


def test_a_store_that_cannot_even_be_read_afterwards_doubles_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What failed stays out, however many attempts it takes to find out where the log ends."""
    house.record(many(0, 1))
    with refused_writes(house.folder / "events.sqlite-wal"), pytest.raises(StoreUnavailable):
        house.record(many(1, 30))
    with monkeypatch.context() as patch:
        patch.setattr(house.store, "heads", _unavailable)
        with pytest.raises(StoreUnavailable):
            house.record(many(31, 1))

    assert [a.position for a in house.record(many(1, 2))] == [2, 3]
    assert [fact.id for fact in house.facts()] == ["0", "1", "2"]
    assert house.findings() == []


def _unavailable() -> dict[str, NodeHead]:
    raise StoreUnavailable("no answer")


def test_a_moment_that_was_settled_is_kept_by_a_failed_commit(house: House) -> None:
    """What a failed commit had in the air does not give its moments back."""
    house.clock.move(seconds=5)
    settled = house.application.settle()
    house.clock.move(seconds=-5)
    with full_disk(house.store), pytest.raises(StoreFull):
        house.record(many(0, 200))
    during = house.application.settle()
    house.record([event()])

    assert settled <= during < house.facts()[0].received_at


_TYPES = {
    "R1": ["person.admitted", "person.searched", "person.checked", "person.released"],
    "R2": ["person.admitted", "person.released"],
    "A1": ["case.accepted", "case.documented", "case.transferred"],
    "询1": ["room.status_changed", "recording.status_changed"],
}
_EXTRA: list[dict[str, Any]] = [{}, {"org": STATION}, {"org": "350206000000"}, {"org": COUNTY}]


@st.composite
def _events(draw: st.DrawFn) -> dict[str, Any]:
    subject = draw(st.sampled_from(sorted(_TYPES)))
    number = draw(st.integers(0, 7))
    made = event(
        draw(st.sampled_from(_TYPES[subject])),
        f"{subject}-{number}",
        subject=subject,
        time=at(draw(st.integers(0, 30))),
        data=draw(st.sampled_from(_EXTRA)),
    )
    if made["type"] == "recording.status_changed":
        made["data"]["channel"] = draw(st.sampled_from("12"))
        made["data"]["state"] = draw(st.sampled_from(["recording", "gap", "offline"]))
    if made["type"] == "room.status_changed":
        made["data"]["occupancy"] = draw(st.integers(0, 2))
        made["data"]["capacity"] = 1
    corrected = draw(st.none() | st.integers(0, 7).filter(lambda n: n != number))
    if corrected is not None:
        made["corrects"] = f"{subject}-{corrected}"
    stated = draw(st.none() | st.integers(0, 300))
    if stated is not None:
        made["receivedtime"] = at(stated).isoformat()
    return made


_STEPS = st.lists(
    st.tuples(
        st.lists(_events(), min_size=1, max_size=12),
        st.sampled_from(["load-a", "load-b"]),
        st.booleans(),
        st.integers(-60, 60),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60)
@given(_STEPS)
def test_recorded_changes_are_those_of_a_fold_made_anew(
    steps: list[tuple[list[dict[str, Any]], str, bool, int]],
) -> None:
    """In any order, with corrections, duplicates, loads, restarts and a clock that jumps."""
    first: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder, House(Path(folder), Clock()) as house:
        for events, node, restart, seconds in steps:
            house.clock.move(seconds=seconds)
            if restart:
                house.restart()
            answers = house.record(events, importer=True, node=node, org=PROVINCE)
            for one, answer in zip(events, answers, strict=True):
                _check_answer(one, answer, first)
        _check_log(house, first)


def _content(one: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "receivedtime"}


def _check_answer(one: dict[str, Any], answer: Answer, first: dict[str, dict[str, Any]]) -> None:
    known = first.get(one["id"])
    if known is not None:
        same = _content(known) == _content(one)
        assert answer.status == ("duplicate" if same else "quarantined")
    elif answer.status == "accepted":
        first[one["id"]] = one
    else:
        assert "receivedtime" in one
        assert answer.error
        assert answer.error["code"] == "received_out_of_order"


def _check_log(house: House, first: dict[str, dict[str, Any]]) -> None:
    facts: list[StoredFact] = []
    for node in house.store.heads():
        log = house.facts(node)
        moments = [fact.received_at for fact in log]
        assert moments == sorted(moments)
        assert node != "main" or len(set(moments)) == len(moments)
        facts += log
    assert sorted(fact.id for fact in facts) == sorted(first)
    streams: dict[str, list[StoredFact]] = {}
    for fact in sorted(facts, key=lambda f: f.version):
        streams.setdefault(fact.stream, []).append(fact)
    for stream in streams.values():
        _check_stream(stream)
    assert house.findings() == []


def _check_stream(stream: list[StoredFact]) -> None:
    assert [fact.version for fact in stream] == list(range(1, len(stream) + 1))
    moments = [fact.received_at for fact in stream]
    assert moments == sorted(moments)
    for n, fact in enumerate(stream):
        before, after = told(stream[:n]), told(stream[: n + 1])
        (change,) = fact.changes
        assert (change.from_status, change.from_org) == (before.status, before.org)
        assert (change.to_status, change.to_org) == (after.status, after.org)
        assert fact.org == after.org
        if after.since is not None:
            assert change.since == after.since
