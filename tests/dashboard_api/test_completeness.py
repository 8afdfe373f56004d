"""How far nodes are complete, from what was told of each partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.backbone.progress import NEVER
from services.backbone.warehouse import Warehouse
from services.dashboard_api.completeness import Node, Told, complete, silent, watermark_of
from tests.dashboard_api.world import World

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def node(name: str, received_s: float, heard_s: float) -> Node:
    """A node with moments counted from noon."""
    moments = (NOON + timedelta(seconds=s) for s in (received_s, heard_s))
    return Node(name, 1, *moments)


def test_the_slowest_live_node_says_the_moment() -> None:
    """Loads have a time of their own; they count where there is nothing live."""
    fast, slow, load = node("main", 9, 9), node("xiamen", 5, 9), node("load-a", -999, 9)

    assert watermark_of([fast, slow, load]) == NOON + timedelta(seconds=5)
    assert watermark_of([load]) == NOON - timedelta(seconds=999)
    assert watermark_of([]) == NEVER


def test_a_node_that_is_silent_is_left_out() -> None:
    """After 30 s without a word, while others are heard; its clock has no say in it."""
    heard, cut, late = node("main", 60, 61), node("xiamen", 20, 30.5), node("putian", 1, 60)
    ahead = node("sanming", 9999, 30.5)

    assert silent([heard, cut, late, ahead]) == {"xiamen", "sanming"}
    assert watermark_of([heard, cut, late, ahead]) == NOON + timedelta(seconds=1)


def test_when_all_stand_still_nobody_is_left_out() -> None:
    """The projectors rest: the moment waits for them."""
    nodes = [node("main", 60, 61), node("xiamen", 20, 61.5)]

    assert silent(nodes) == frozenset()


def moments() -> st.SearchStrategy[datetime]:
    """Distinct enough that one of two logs was heard last."""
    return st.integers(0, 10**9).map(lambda us: NOON + timedelta(microseconds=us))


def tellings() -> st.SearchStrategy[list[Told]]:
    """Rows of a few nodes, on a log of one partition or of several."""
    rows = st.builds(
        Told,
        st.sampled_from(["0", "1", "2", "main", "xiamen"]),
        st.sampled_from(["main", "xiamen", "load-a"]),
        st.integers(0, 1000),
        moments(),
        st.sampled_from([1, 2, 3]),
        moments(),
    )
    return st.lists(rows, max_size=12, unique_by=(lambda r: r.written_at, lambda r: r[:2]))


def refeeds() -> st.SearchStrategy[list[Node]]:
    """Nodes that were fed again."""
    names = st.sampled_from(["main", "putian"])
    nodes = st.builds(Node, names, st.integers(0, 1000), moments(), moments())
    return st.lists(nodes, max_size=2, unique_by=lambda node: node.name)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tellings(), refeeds())
def test_it_says_what_the_view_says(world: World, told: list[Told], fed: list[Node]) -> None:
    """Whatever stands in the tables, counted here or by the warehouse."""
    fill(world.writing, "checkpoints", [row._asdict() | {"version": 1} for row in told])
    names = ("node", "position", "received_at", "written_at")
    fill(world.writing, "refeeds", [dict(zip(names, node, strict=True)) for node in fed])
    view = world.writing.rows("SELECT node, position, received_at, written_at FROM complete")

    assert set(complete(told, fed)) == {Node(*row) for row in view}


def fill(warehouse: Warehouse, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Put rows into an emptied table."""
    warehouse.command(f"TRUNCATE TABLE {table}")
    if rows:
        warehouse.insert_json(table, msgspec.json.Encoder().encode_lines(rows))
