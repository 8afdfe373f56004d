"""What was fetched of a partition into a portion."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import MARK_HEADER, LogMark, log_body
from services.backbone.kafka_portion import Record, portion_of
from services.backbone.log import Complete, Entry, Portion

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def fetched(
    offset: int,
    value: bytes | None,
    key: bytes | None = b"incident/R1",
    headers: Sequence[tuple[str, bytes]] = (),
) -> Record:
    """A record as it was fetched."""
    return offset, key, value, headers


def event(offset: int, position: int, node: str = "main") -> Record:
    """A record of an event."""
    return fetched(offset, log_body(node, position, b'{"stream":"incident/R1"}'))


def mark(offset: int, position: int, *, node: str = "main", partitions: int = 4) -> Record:
    """A mark."""
    body = LogMark(node=node, position=position, received_at=NOON, partitions=partitions)
    return fetched(offset, msgspec.json.encode(body), None, [MARK_HEADER])


def test_events_and_marks_are_told_apart() -> None:
    """Both begin with node and position."""
    found, taken = portion_of("3", [event(7, 1), event(8, 5, "load-a"), mark(9, 6)], 10)

    assert found == Portion(
        "3",
        [
            Entry("main", 1, b'{"node":"main","position":1,"stream":"incident/R1"}'),
            Entry("load-a", 5, b'{"node":"load-a","position":5,"stream":"incident/R1"}'),
        ],
        10,
        {"main": Complete(6, NOON, 4)},
        [],
    )
    assert taken == 3


def test_a_portion_has_no_more_entries_than_asked_for() -> None:
    """What is no entry and stands between them belongs to it; offsets may have holes."""
    records = [mark(1, 0), event(2, 1), event(5, 2), mark(6, 2), event(9, 3)]
    found, taken = portion_of("0", records, 2)

    assert ([e.position for e in found.entries], found.after, taken) == ([1, 2], 7, 4)
    assert found.complete == {"main": Complete(2, NOON, 4)}


def test_a_relay_that_repeats_itself_takes_nothing_back() -> None:
    """The farthest mark counts, unless the partitions have become more."""
    found, _ = portion_of("0", [mark(1, 9), mark(2, 4)], 1)
    spread, _ = portion_of("0", [mark(1, 9), mark(2, 4, partitions=8)], 1)

    assert found.complete == {"main": Complete(9, NOON, 4)}
    assert spread.complete == {"main": Complete(4, NOON, 8)}


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"\xff\x00\xfe",
        b"{}",
        b'{"node":"Main","position":1,"stream":"a"}',
        b'{"node":"main","position":0,"stream":"a"}',
        b'{"node":"main","position":-1,"stream":"a"}',
        b'{"node":"main","position":1}',
        b' {"node":"main","position":1,"stream":"a"}',
        b'{"node":"main","position":9999999999999999999999,"stream":"a"}',
    ],
)
def test_what_is_no_record_is_set_aside(body: bytes | None) -> None:
    """Whole, with its place, and what comes after it is read on."""
    found, _ = portion_of("0", [event(1, 1), fetched(2, body), event(3, 2)], 10)

    assert [entry.position for entry in found.entries] == [1, 2]
    assert [(poison.offset, poison.body) for poison in found.poison] == [(2, body or b"")]


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"{}",
        b"\xff",
        b'{"node":"M","position":1,"received_at":"2026-03-01T12:00:00Z","partitions":1}',
        b'{"node":"main","position":1,"received_at":"2026-03-01T12:00:00","partitions":1}',
    ],
)
def test_a_mark_that_cannot_be_read_is_set_aside(body: bytes | None) -> None:
    """It tells nothing."""
    found, _ = portion_of("0", [fetched(1, body, None, [MARK_HEADER])], 10)

    assert found.complete == {}
    assert [poison.offset for poison in found.poison] == [1]


@given(st.binary(), st.none() | st.binary(), st.booleans())
def test_no_bytes_disturb_it(body: bytes, key: bytes | None, marked: bool) -> None:
    """Whatever anybody publishes."""
    record = fetched(1, body, key, [MARK_HEADER] if marked else [])
    found, taken = portion_of("0", [record], 1)

    assert (found.after, taken) == (2, 1)
