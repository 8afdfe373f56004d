"""What the relay sends, and how far it says that it has come."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import LogMark, LogRecord
from services.backbone.event_store import NodeHead
from services.ingest.relay import (
    TURN_S,
    Delivered,
    contiguous,
    due,
    in_turn,
    mark,
    partition_of,
    records,
    stream_of,
)
from tests.support.events import event
from tests.support.ingest import House

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=5)
STORED = b'{"stream":"incident/R1","version":1,"received_at":"2026-03-01T12:00:00Z"}'


def rows(*positions: int) -> list[tuple[int, bytes]]:
    """Rows of which only the positions matter."""
    return [(position, b"") for position in positions]


@pytest.mark.parametrize(
    ("after", "found", "leading"),
    [
        (0, (1, 2, 3), (1, 2, 3)),
        (3, (4, 5), (4, 5)),
        (3, (5, 6), ()),
        (3, (4, 6, 7), (4,)),
        (0, (), ()),
        (0, (2,), ()),
        (0, (1, 3, 4, 5, 6), (1,)),
    ],
)
def test_what_is_sent_leaves_nothing_out(
    after: int, found: tuple[int, ...], leading: tuple[int, ...]
) -> None:
    """The run ends before the first position that is not there."""
    assert list(contiguous(after, rows(*found))) == rows(*leading)


@given(st.sets(st.integers(1, 30)), st.integers(0, 30))
def test_a_run_is_the_longest_without_a_hole(found: set[int], after: int) -> None:
    """Whatever is there to be read."""
    run = [p for p, _ in contiguous(after, rows(*sorted(p for p in found if p > after)))]

    assert run == list(range(after + 1, after + 1 + len(run)))
    assert after + len(run) + 1 not in found


@given(st.text())
def test_a_stream_is_read_from_the_first_bytes(stream: str) -> None:
    """Also one with characters that JSON escapes, or that look like its end."""
    stored = msgspec.json.encode({"stream": stream, "version": 1})

    assert stream_of(stored) == stream.encode()


def test_a_stream_is_found_wherever_it_stands() -> None:
    """The order of the fields is a habit, not a promise."""
    assert stream_of(b'{"version": 1, "stream": "incident/R1"}') == b"incident/R1"


def test_a_partition_is_the_streams_own() -> None:
    """CRC-32C as in RFC 3720, so that another relay in another language agrees."""
    assert partition_of(b"123456789", 2**32) == 0xE3069283
    assert {partition_of(b"incident/R1", 8) for _ in range(3)} == {partition_of(b"incident/R1", 8)}


def test_streams_spread_over_the_partitions() -> None:
    """No partition gets much more than its share."""
    spread = Counter(partition_of(b"incident/R%d" % n, 8) for n in range(8000))

    assert min(spread.values()) > 800
    assert max(spread.values()) < 1200


def test_a_record_names_its_place(tmp_path: Path) -> None:
    """The key is the stream, the value a log record."""
    with House(tmp_path) as house:
        house.record([event(id_="1", subject="R1"), event(id_="2", subject="R2")])
        stored = house.store.read("main", 0, 10)

    found = list(records("main", stored, 4))

    assert [key for _, key, _ in found] == [b"person/R1", b"person/R2"]
    assert [partition for partition, _, _ in found] == [
        partition_of(b"person/R1", 4), partition_of(b"person/R2", 4),
    ]  # fmt: skip
    decoded = [msgspec.json.decode(value, type=LogRecord) for _, _, value in found]
    assert [(record.node, record.position) for record in decoded] == [("main", 1), ("main", 2)]


def test_live_nodes_go_first() -> None:
    """In the order in which they were opened."""
    heads = {n: NodeHead(n, 1, "", "") for n in ("load-a", "main", "load-b", "xiamen")}

    assert [head.node for head in in_turn(heads)] == ["main", "xiamen", "load-a", "load-b"]


def head(position: int, *, node: str = "main", settled: datetime | None = None) -> NodeHead:
    """The end of a node whose last event came at noon."""
    received_at = NOON.isoformat() if position else ""
    return NodeHead(node, position, received_at, "", settled.isoformat() if settled else "")


def test_a_mark_within_the_log_tells_the_last_events_time() -> None:
    """What is settled at the end says nothing about the middle."""
    found = mark(head(9, settled=LATER), Delivered(3, STORED), 4)

    assert found == LogMark(node="main", position=3, received_at=NOON, partitions=4)


def test_a_mark_at_the_end_tells_what_is_settled() -> None:
    """Nothing received up to then will come any more."""
    assert mark(head(3, settled=LATER), Delivered(3, STORED), 4) == LogMark(
        node="main", position=3, received_at=LATER, partitions=4
    )
    assert mark(head(3), Delivered(3, None), 4) == LogMark(
        node="main", position=3, received_at=NOON, partitions=4
    )


def test_a_node_without_events_is_complete_too() -> None:
    """Once its writer says up to when."""
    assert mark(head(0), Delivered(0, None), 4) is None
    assert mark(head(0, settled=LATER), Delivered(0, None), 4) == LogMark(
        node="main", position=0, received_at=LATER, partitions=4
    )


def test_nothing_is_told_of_what_an_earlier_relay_delivered() -> None:
    """Until something is delivered, or the end is where it left off."""
    assert mark(head(9, settled=LATER), Delivered(3, None), 4) is None


@pytest.mark.parametrize("last", [STORED, None])
def test_a_loads_next_event_may_have_the_same_time(last: bytes | None) -> None:
    """So its mark ends just before."""
    found = mark(head(3, node="load-a", settled=LATER), Delivered(3, last), 4)

    assert found is not None
    assert found.received_at == NOON - timedelta(microseconds=1)


def test_marks_are_few() -> None:
    """One a turn while events flow, one while time alone goes on, one a minute otherwise."""
    last = LogMark(node="main", position=3, received_at=NOON, partitions=4)
    flowing = msgspec.structs.replace(last, position=4, received_at=LATER)
    idle = msgspec.structs.replace(last, received_at=LATER)
    spread = msgspec.structs.replace(last, partitions=8)

    assert due(None, last, 0)
    assert due(last, spread, 0)
    assert [due(last, flowing, s) for s in (0.02, TURN_S)] == [False, True]
    assert [due(last, idle, s) for s in (0.9, 1.0)] == [False, True]
    assert [due(last, last, s) for s in (59, 60)] == [False, True]
