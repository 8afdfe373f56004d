"""Facts of things, read where they lie in the log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.backbone.warehouse import connect
from services.dashboard_api import fact_reader
from services.dashboard_api.fact_reader import END, PLACES_AT_ONCE, facts_of
from services.dashboard_api.readers import Readers, sql
from services.projector.migrations import apply
from tests.dashboard_api.world import World
from tests.support.clickhouse import ClickHouse

LONG_NODE = "load-" + "n" * 40


async def test_many_facts_are_read_in_parts(
    history: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are named in one question, all of them come, in the same order."""
    rows = history.writing.rows("SELECT DISTINCT element, id FROM states ORDER BY id LIMIT 40")
    things = [(element, id_) for element, id_ in rows]
    whole = await facts_of(history.readers, things, known=END)
    monkeypatch.setattr(fact_reader, "PLACES_AT_ONCE", 3)
    parts = await facts_of(history.readers, things, known=END)

    assert len(whole) > 100
    assert parts == whole


@pytest.fixture
def over_http(clickhouse: ClickHouse, clickhouse_database: str) -> Iterator[Readers]:
    """Empty views of a server."""
    dsn = clickhouse.dsn(database=clickhouse_database)
    with connect(dsn) as warehouse:
        apply(warehouse)
        readers = Readers([connect(dsn)])
        yield readers
        readers.close()


async def test_as_many_places_as_are_named_at_once_go_over_http(over_http: Readers) -> None:
    """With names of nodes as long as they come."""
    positions = [(LONG_NODE, 10**12 + n) for n in range(PLACES_AT_ONCE)]
    given = {"positions": positions, "since": END, "until": END}

    assert not await over_http.rows(sql("facts_at"), given)
