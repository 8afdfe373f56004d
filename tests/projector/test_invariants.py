"""Properties of the views under disorder, duplicates and crashes."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schemas.elements import ELEMENTS
from services.backbone.log import Entry
from services.backbone.progress import Progress
from services.backbone.warehouse import Warehouse
from services.projector.check import check
from services.projector.rebuild import rebuild
from services.projector.runner import Projector
from services.projector.view_files import load, named
from tests.support.histories import counted, histories, records_of
from tests.support.memory_log import MemberLog, MemoryTopic
from tests.support.moments import counts_at
from tests.support.projecting import FILLED, checkpoint, contents, empty, insert, project
from tests.support.records import START

SLICE = settings(
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LOOP = settings(SLICE, max_examples=1500)
LENGTHS = (2, 4, 6, 12)


def by_node(entries: list[Entry]) -> list[Entry]:
    """The entries as a log gives them: node by node."""
    return sorted(entries, key=lambda e: (e.node, e.position))


def disorder(warehouse: Warehouse, entries: list[Entry], data: st.DataObject) -> None:
    """Crash after crash, and duplicates on the log; then a quiet run to the end.

    Each crash leaves some rows of a block in some tables, and a checkpoint somewhere before.
    """
    empty(warehouse)
    by_position = by_node(entries)
    for _ in range(data.draw(st.integers(0, 3), label="crashes")):
        start = data.draw(st.integers(0, len(by_position)), label="from")
        block = by_position[start : start + data.draw(st.integers(1, 30), label="rows")]
        table = data.draw(st.sampled_from(["events", *FILLED]))
        if block:
            insert(warehouse, block)
            warehouse.command(f"ALTER TABLE {table} DELETE WHERE 1 SETTINGS mutations_sync = 2")
            checkpoint(warehouse, block[0].node, 0, START)
    repeated = data.draw(st.lists(st.sampled_from(by_position), max_size=10), label="twice")
    rows = data.draw(st.sampled_from([1, 3, 10, 10_000]), label="block")
    if data.draw(st.booleans(), label="topic"):
        topic = MemoryTopic()
        topic.send(repeated)
        topic.deliver(by_position)
        topic.send(repeated)
        Projector(warehouse, MemberLog(topic), Progress(), block_rows=rows).catch_up()
    else:
        project(warehouse, by_position, block_rows=rows)


def views_equal_the_fold(warehouse: Warehouse, entries: list[Entry], data: st.DataObject) -> None:
    """Whatever happened on the way, nothing differs from a fold of the facts."""
    disorder(warehouse, entries, data)
    findings = check(warehouse, by_node(entries), total=len(entries))

    assert findings.listed == []


def levels_add_up(warehouse: Warehouse, entries: list[Entry], data: st.DataObject) -> None:
    """Province = Σ cities = Σ counties = Σ stations = things counted one by one."""
    disorder(warehouse, entries, data)
    records = records_of(entries)
    last = max(record.received_at for record in records)
    moments = st.datetimes(
        START.replace(tzinfo=None), (last + timedelta(days=1)).replace(tzinfo=None)
    ).map(lambda moment: moment.replace(tzinfo=START.tzinfo))
    edges = st.sampled_from([record.received_at for record in records])
    for _ in range(3):
        moment = data.draw(moments | edges, label="moment")
        of_length = {length: counts_at(warehouse, moment, length) for length in LENGTHS}

        for length, counts in of_length.items():
            assert counts == counted(records, moment, length)
        sums = [_by_element_and_status(counts) for counts in of_length.values()]
        assert sums == [sums[0]] * len(LENGTHS)


def _by_element_and_status(counts: dict[tuple[str, ...], int]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for (element, _, status), n in counts.items():
        assert n > 0
        assert status in {known.name for known in ELEMENTS[element].statuses}
        found[element, status] = found.get((element, status), 0) + n
    return found


@SLICE
@given(histories(), st.data())
def test_views_equal_the_fold(
    warehouse: Warehouse, entries: list[Entry], data: st.DataObject
) -> None:
    """Late, disordered and corrected facts, any blocks, crashes and duplicates: no difference."""
    views_equal_the_fold(warehouse, entries, data)


@SLICE
@given(histories(), st.data())
def test_levels_add_up_at_any_moment(
    warehouse: Warehouse, entries: list[Entry], data: st.DataObject
) -> None:
    """A keyframe and the flows since are the count of the things, at every level."""
    levels_add_up(warehouse, entries, data)


@pytest.mark.soak
@LOOP
@given(histories(200), st.data())
def test_views_equal_the_fold_for_long(
    warehouse: Warehouse, entries: list[Entry], data: st.DataObject
) -> None:
    """As above, with longer histories and many more of them."""
    views_equal_the_fold(warehouse, entries, data)


@pytest.mark.soak
@LOOP
@given(histories(200), st.data())
def test_levels_add_up_for_long(
    warehouse: Warehouse, entries: list[Entry], data: st.DataObject
) -> None:
    """As above, with longer histories and many more of them."""
    levels_add_up(warehouse, entries, data)


@settings(SLICE, max_examples=5)
@given(histories(), st.sampled_from(FILLED))
def test_rebuilding_gives_equal_tables(
    warehouse: Warehouse, entries: list[Entry], name: str
) -> None:
    """Whatever the history, a rebuilt view holds what its feed had written."""
    empty(warehouse)
    insert(warehouse, entries)
    before = contents(warehouse, name)
    rebuild(warehouse, named(name, load()))

    assert contents(warehouse, name) == before
