"""Taking a block into the warehouse, and what cannot be read set aside."""

from __future__ import annotations

import base64
from itertools import islice

import pytest

from services.backbone.errors import WarehouseFailed
from services.backbone.log import Entry, Poison
from services.backbone.warehouse import Warehouse
from services.projector import inserting
from services.projector.batch import Block
from services.projector.check import check
from services.projector.inserting import insert
from tests.support.records import province

ENTRIES = list(islice(province(3, at_once=20), 60))


def block(entries: list[Entry], poison: list[Poison] | None = None) -> Block:
    """What one partition gave."""
    return Block([("4", entries)], {}, {}, [("4", one) for one in poison or []])


def spoilt(entry: Entry, body: bytes) -> Entry:
    """The same place, with something else in it."""
    return entry._replace(body=body)


def kept(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """What was set aside, and why."""
    rows = warehouse.rows("SELECT * EXCEPT written_at FROM set_aside FINAL ORDER BY position")
    return [(*row[:-1], base64.b64decode(row[-1])) for row in rows]


BODY = ENTRIES[30].body
UNREADABLE = {
    "cut": BODY[:200],
    "no JSON": b'{"node":"main","position":31,oh no',
    "a text for a number": BODY.replace(b'"version":', b'"version":"x",'),
    "a number below zero": BODY.replace(b'"position":31', b'"position":-31'),
    "no moment": BODY.replace(b'"received_at":"2026', b'"received_at":"soon'),
    "no list": BODY.replace(b'"changes":[', b'"changes":"none","x":['),
    "neither true nor false": BODY.replace(b'"unusual":false', b'"unusual":"perhaps"'),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_one_that_cannot_be_read_does_not_hold_up_the_others(
    warehouse: Warehouse, what: str
) -> None:
    """It is found by halving, and kept whole with its place and the reason."""
    bad = UNREADABLE[what]
    assert bad != BODY
    entries = [*ENTRIES[:30], spoilt(ENTRIES[30], bad), *ENTRIES[31:]]

    assert insert(warehouse, block(entries)) == 1
    ((partition, offset, node, position, reason, body),) = kept(warehouse)
    assert (partition, offset, node, position, body) == ("4", 0, "main", 31, bad)
    assert str(reason).startswith("CANNOT_")
    rows = warehouse.rows("SELECT DISTINCT position FROM events ORDER BY position")
    assert [position for (position,) in rows] == [n for n in range(1, 61) if n != 31]


def test_the_good_ones_stand_whole(warehouse: Warehouse) -> None:
    """Whatever was inserted twice on the way, views are the fold of what could be read."""
    added = [spoilt(ENTRIES[n], b"{") for n in (0, 20, 21, 59)]
    assert insert(warehouse, block([*ENTRIES, *added])) == 4

    assert check(warehouse, ENTRIES, total=60).listed == []


def test_what_the_log_set_aside_is_kept(warehouse: Warehouse) -> None:
    """By its offset, with or without entries beside it."""
    poison = [Poison(17, b"\xff\x00?", "is no record of an event"), Poison(18, b"", "empty")]
    assert insert(warehouse, block([], poison)) == 2
    assert insert(warehouse, block(ENTRIES[:1], poison)) == 2

    assert kept(warehouse) == [
        ("4", 17, "", 0, "is no record of an event", b"\xff\x00?"),
        ("4", 18, "", 0, "empty", b""),
    ]


def test_many_bad_ones_are_a_mistake_of_ours(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing is set aside: the block is tried again until somebody looks."""
    monkeypatch.setattr(inserting, "POISON_MOST", 3)
    bad = [spoilt(entry, b"{") for entry in ENTRIES[:4]]
    assert insert(warehouse, block([*bad[:3], *ENTRIES[4:]])) == 3
    with pytest.raises(WarehouseFailed):
        insert(warehouse, block([*bad, *ENTRIES[4:]]))

    assert len(kept(warehouse)) == 3


def test_a_warehouse_that_fails_sets_nothing_aside(warehouse: Warehouse) -> None:
    """Only what cannot be read is poison; everything else is tried again."""
    warehouse.command("DROP TABLE events SYNC")
    with pytest.raises(WarehouseFailed):
        insert(warehouse, block(ENTRIES[:1]))

    assert kept(warehouse) == []


class Cut(Warehouse):
    """Of which a line broke while it took in a block."""

    def __init__(self) -> None:
        """Without a client: nothing gets through."""

    def insert_json(self, table: str, ndjson: bytes) -> None:
        """As the server sees it: the block ends early."""
        raise WarehouseFailed(inserting.CUT_SHORT, "CANNOT_READ_ALL_DATA")


def test_a_block_that_was_cut_on_its_way_is_no_poison() -> None:
    """The records are whole: the same block is tried again."""
    with pytest.raises(WarehouseFailed):
        insert(Cut(), block(ENTRIES))
