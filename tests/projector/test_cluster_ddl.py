"""The views over a cluster: the shape of the DDL, and what it makes where one engine can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import pytest

from services.backbone.errors import WarehouseFailed
from services.backbone.progress import Progress
from services.backbone.warehouse import Warehouse, connect
from services.projector.check import check
from services.projector.cluster_ddl import Cluster, layout_of, replicated
from services.projector.errors import LayoutMismatch, ViewFileInvalid
from services.projector.layout import OneServer
from services.projector.migrations import Standing, pending, standing, steps
from services.projector.rebuild import rebuild, statements
from services.projector.runner import Projector
from services.projector.view_files import ViewFile, load, named
from tests.support.memory_log import MemoryLog
from tests.support.projecting import contents, insert, project
from tests.support.records import province
from tests.support.shards import Rehearsal, apply_as, spread

FILES = load()
CLUSTER = Cluster("yiping", "views")
FED = sorted(file.name for file in FILES if file.select)
ENTRIES = list(islice(province(5, per_day=300), 900))


@pytest.fixture
def more(engine: Warehouse, warehouse_dsn: str) -> Iterator[list[Warehouse]]:
    """Three more empty databases of the engine."""
    opened = [connect(f"{warehouse_dsn}_{n}") for n in range(3)]
    yield opened
    for warehouse in opened:
        warehouse.command(f"DROP DATABASE {warehouse.database} SYNC")
        warehouse.close()


def differences(warehouse: Warehouse) -> list[object]:
    """What the views hold otherwise than the fold of the entries, keyframes aside."""
    found = check(warehouse, ENTRIES, total=len(ENTRIES)).listed
    return [finding for finding in found if finding.view != "keyframes"]


def all_statements(file: ViewFile) -> Iterator[str]:
    """Everything that a cluster is told of a file."""
    if file.table is None:
        yield from CLUSTER.view(file)
        return
    yield from (*CLUSTER.create(file), *CLUSTER.drop(file.name), *CLUSTER.empty(file.name))
    if file.select:
        yield from CLUSTER.follow(file)
        for part in statements(file, CLUSTER):
            yield from part


def test_without_a_cluster_the_files_are_as_they_are() -> None:
    """The SQL of one server is that of the files, to the letter."""
    layout = layout_of("", "views")

    assert isinstance(layout, OneServer)
    for file in FILES:
        if file.table is None:
            assert layout.view(file) == (file.view,)
            continue
        (create,) = layout.create(file)
        assert create.replace("IF NOT EXISTS ", "", 1) == file.table
        if file.select:
            assert layout.follow(file) == (file.follow(),)
            assert layout.fill(file, "t", ["a"], 1) == file.fill("t", ["a"], "views")


def test_events_are_spread_by_stream() -> None:
    """The golden form of a table that takes the log."""
    local, before = CLUSTER.create(named("events", FILES))

    assert local.startswith("CREATE TABLE IF NOT EXISTS events_local ON CLUSTER 'yiping'\n(\n")
    assert (
        "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')\n"
        "PARTITION BY toYYYYMM(received_at)\nORDER BY (node, position)\nSETTINGS "
    ) in local
    assert local.endswith(
        "merge_selector_base = 10, replicated_deduplication_window = 0,"
        " replicated_deduplication_window_for_async_inserts = 0"
    )
    assert before == (
        "CREATE TABLE IF NOT EXISTS events ON CLUSTER 'yiping' AS events_local\n"
        "ENGINE = Distributed('yiping', 'views', 'events_local', cityHash64(stream))"
    )


def test_what_is_made_from_events_stays_on_its_shard() -> None:
    """A feed reads a server's own events and writes its own rows; nobody inserts by a key."""
    flows = named("flows", FILES)
    (feed,) = CLUSTER.follow(flows)
    _, before = CLUSTER.create(flows)

    assert feed.startswith(
        "CREATE MATERIALIZED VIEW IF NOT EXISTS flows_feed ON CLUSTER 'yiping' TO flows_local AS\n"
    )
    assert "FROM events_local AS events\n" in feed
    assert before.endswith("ENGINE = Distributed('yiping', 'views', 'flows_local')")


@pytest.mark.parametrize("name", [f.name for f in FILES if f.table and not f.select])
def test_the_small_tables_lie_on_one_shard(name: str) -> None:
    """… but for ``events`` itself; what replaces an older row is beside it."""
    _, before = CLUSTER.create(named(name, FILES))

    assert before.endswith(", cityHash64(stream))" if name == "events" else ", 0)")


@pytest.mark.parametrize("file", [f for f in FILES if f.table], ids=lambda f: f.name)
def test_a_shard_keeps_columns_order_and_version(file: ViewFile) -> None:
    """Only the engine, the settings and the name differ from one server's table."""
    (local, _) = CLUSTER.create(file)
    back = re.sub(
        r"ReplicatedReplacingMergeTree\('[^']+', '\{replica\}'(?:, (\w+))?\)",
        lambda found: f"ReplacingMergeTree({found[1]})" if found[1] else "ReplacingMergeTree",
        local,
    )
    back = re.sub(r", replicated_deduplication_window\w* = 0", "", back)

    assert back.replace("_local ON CLUSTER 'yiping'", "", 1) == file.create()


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_the_engine_reads_every_statement(engine: Warehouse, file: ViewFile) -> None:
    """Each is one statement of ClickHouse's own grammar, meant for the whole cluster."""
    for statement in all_statements(file):
        ((formatted,),) = engine.rows("SELECT formatQuery({sql:String})", {"sql": statement})
        assert "ON CLUSTER yiping" in formatted


def test_only_keeper_is_missing(empty_warehouse: Warehouse) -> None:
    """The engine takes every part of a replicated table but its Keeper, which isn't here."""
    for file in FILES:
        if file.table:
            alone = CLUSTER.create(file)[0].replace(" ON CLUSTER 'yiping'", "")
            alone = alone.replace("{uuid}/{shard}", file.name).replace("{replica}", "r")
            with pytest.raises(WarehouseFailed) as failed:
                empty_warehouse.command(alone)
            assert failed.value.number == 225


def test_what_is_no_table_of_ours_is_refused() -> None:
    """An engine that keeps repeated rows cannot be laid over a cluster."""
    table = "CREATE TABLE IF NOT EXISTS t\n(\n a UInt8\n)\nENGINE = {}\nORDER BY a\n{}"
    for create in (
        table.format("MergeTree", "SETTINGS x = 1"),
        table.format("ReplacingMergeTree", ""),
        table.format("ReplacingMergeTree", "SETTINGS x = 1").replace("TABLE", "VIEW"),
    ):
        with pytest.raises(ViewFileInvalid):
            replicated(create, "t", "ON CLUSTER 'c'")


def test_a_name_is_a_name() -> None:
    """What would not be one in SQL is refused."""
    with pytest.raises(LayoutMismatch):
        layout_of("a'; DROP", "views")


def test_layouts_are_not_mixed() -> None:
    """Tables of one server are not taken for a cluster's, nor the other way round."""
    alone = frozenset(file.name for file in FILES)
    spread_out = alone | {f"{file.name}_local" for file in FILES if file.table}

    with pytest.raises(LayoutMismatch, match="one server"):
        steps(FILES, Standing(alone, {}), CLUSTER)
    with pytest.raises(LayoutMismatch, match="a cluster"):
        steps(FILES, Standing(spread_out, {}))
    digests = {file.name: file.digest for file in FILES}
    feeds = frozenset(file.feed for file in FILES)
    assert steps(FILES, Standing(spread_out | feeds, digests), CLUSTER) == []


def test_the_views_of_a_cluster_equal_the_fold(empty_warehouse: Warehouse) -> None:
    """Made by a cluster's statements, filled through the tables before the shards."""
    layout = Rehearsal(empty_warehouse.database)
    apply_as(empty_warehouse, layout, FILES)
    projector = Projector(empty_warehouse, MemoryLog(ENTRIES), Progress())
    projector.follow()
    projector.stop()

    assert list(check(empty_warehouse, ENTRIES, total=len(ENTRIES)).listed) == []
    assert empty_warehouse.rows("SELECT count() > 0 FROM keyframes") == [(True,)]
    assert [(node, n) for node, n, *_ in empty_warehouse.rows("SELECT * FROM complete")] == [
        ("main", len(ENTRIES))
    ]
    assert steps(FILES, standing(empty_warehouse), layout) == []
    with pytest.raises(LayoutMismatch):
        pending(empty_warehouse)


@pytest.mark.parametrize("name", FED)
def test_a_rebuilt_view_of_a_cluster_equals_the_one_before(
    empty_warehouse: Warehouse, name: str
) -> None:
    """Beside, change of places, and the feed goes on."""
    layout = Rehearsal(empty_warehouse.database)
    apply_as(empty_warehouse, layout, FILES)
    insert(empty_warehouse, ENTRIES[:600])
    before = contents(empty_warehouse, name)
    empty_warehouse.command(f"TRUNCATE TABLE {name}_local")
    rebuild(empty_warehouse, named(name, FILES), layout=layout)

    assert contents(empty_warehouse, name) == before
    insert(empty_warehouse, ENTRIES[600:])
    assert differences(empty_warehouse) == []
    tables = standing(empty_warehouse).tables
    assert not {table for table in tables if "_next" in table}


def test_a_fill_takes_each_shard_into_itself(empty_warehouse: Warehouse) -> None:
    """Of two shards, each statement reads one and writes to the same."""
    layout = Rehearsal(empty_warehouse.database)
    apply_as(empty_warehouse, layout, FILES)
    database = empty_warehouse.database
    for name in ("events", "things"):
        empty_warehouse.command(f"DROP TABLE {name} SYNC")
        empty_warehouse.command(
            f"CREATE TABLE {name} AS remote('127.0.0.1,127.0.0.1', '{database}', '{name}_local')"
        )
    empty_warehouse.insert_json("events_local", b"\n".join(entry.body for entry in ENTRIES))
    before = contents(empty_warehouse, "things_local")
    empty_warehouse.command("TRUNCATE TABLE things_local")
    columns = [name for (name,) in empty_warehouse.rows("SELECT name FROM system.columns WHERE "
               "database = currentDatabase() AND table = 'things' ORDER BY position")]  # fmt: skip
    statement = layout.fill(named("things", FILES), "things", columns, 2)
    empty_warehouse.command(statement, {"node": "main", "after": 0, "upto": len(ENTRIES)})

    assert "_shard_num = 2" in statement
    assert statement.endswith("insert_shard_id = 2")
    assert contents(empty_warehouse, "things_local") == before


def test_shards_answer_as_one_server_does(
    empty_warehouse: Warehouse, more: list[Warehouse]
) -> None:
    """Spread by stream, each record twice: FINAL shard by shard finds every repetition."""
    *shards, whole = more
    project(empty_warehouse, ENTRIES)
    spread(empty_warehouse, shards, whole)

    assert list(check(whole, ENTRIES, total=len(ENTRIES)).listed) == []
    for name in FED:
        assert contents(whole, name) == contents(empty_warehouse, name)
    for shard in shards:
        ((rows,),) = shard.rows("SELECT count() FROM events FINAL")
        assert 0 < rows < len(ENTRIES)
