"""Every query file answers over two shards what it answers on one server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import Any, NamedTuple

import pytest

from schemas.elements import ELEMENTS
from services.backbone.warehouse import Warehouse, connect
from services.backbone.warehouse_session import CLUSTER
from services.dashboard_api.microseconds import EPOCH, us_of_moment
from services.dashboard_api.moment import Stretch, bounds_of
from services.dashboard_api.readers import sql
from services.dashboard_api.reads import active_in
from services.projector.view_files import load
from tests.support.projecting import project
from tests.support.records import START, Recorder, province
from tests.support.shards import spread
from tests.support.warehouse import engine

__all__ = ["engine"]

_MEASURES = Recorder()
ENTRIES = [
    *islice(province(6, per_day=300), 900),
    *(
        _MEASURES.record(
            "case.measured",
            {"case_no": f"M{n % 5}", "measure": "行政传唤", "person_no": f"R{n}"},
            id_=f"m{n}",
            sender="350203000000",
            occurred_at=START,
            received_at=START,
            node="measures",
        )
        for n in range(20)
    ),
]
LATER = START + timedelta(days=2, hours=9)
EVER = {"since": datetime(2000, 1, 1, tzinfo=UTC), "until": datetime(2100, 1, 1, tzinfo=UTC)}
SETTINGS = ", ".join(f"{name} = '{value}'" for name, value in CLUSTER.items())


class Places(NamedTuple):
    """The same records in three ways."""

    single: Warehouse
    shards: Warehouse
    """Two halves read as one, each record of which stands twice."""
    remote: Warehouse
    """Tables before two shards, which are both ``single``: each record comes twice."""


@pytest.fixture(scope="module")
def places(engine: Warehouse) -> Iterator[Places]:
    """One server, and what stands for two shards."""
    ((folder,),) = engine.rows("SELECT path FROM system.disks WHERE name = 'default'")
    names = ("single", "one_half", "other_half", "shards", "remote_shards")
    single, *halves, whole, remote = (connect(f"chdb://{folder}?database={n}") for n in names)
    project(single, ENTRIES)
    spread(single, halves, whole)
    for file in load():
        if file.table:
            shards = f"remote('127.0.0.1,127.0.0.1', 'single', '{file.name}')"
            remote.command(f"CREATE TABLE {file.name} AS {shards}")
        else:
            remote.command(file.plain_view())
    yield Places(single, whole, remote)
    for warehouse in (single, *halves, whole, remote):
        warehouse.command(f"DROP DATABASE {warehouse.database} SYNC")
        warehouse.close()


def parameters(single: Warehouse) -> dict[str, Any]:
    """Something to ask for each name that a query file uses."""
    things = single.rows("SELECT element, id FROM things FINAL ORDER BY element, id LIMIT 200")
    versions = single.rows("SELECT element, id, version FROM states FINAL WHERE element = 'case'")
    persons = single.rows("SELECT DISTINCT id FROM states WHERE element = 'person'")
    cases = single.rows("SELECT DISTINCT id FROM states WHERE element = 'case'")
    senders = [sender for (sender,) in single.rows("SELECT DISTINCT sender FROM arrivals")]
    ((case,),) = single.rows("SELECT argMin(id, received_at) FROM links WHERE element = 'case'")
    statuses = [s for (s,) in single.rows("SELECT DISTINCT status FROM states")]
    return {
        **EVER,
        "subjects": [id_ for _, id_ in things],
        "versions": versions,
        "persons": [id_ for (id_,) in persons],
        "cases": [id_ for (id_,) in cases],
        "senders": sorted(senders),
        "elements": [*ELEMENTS, ""],
        "element": "case",
        "id": case,
        "statuses": statuses,
        **active_in(list(ELEMENTS))[1],
        "scope": "35",
        "digits": 6,
        "trend_digits": 6,
        "trend_from": LATER - timedelta(hours=3),
        "heard_digits": 6,
        "heard_from": LATER - timedelta(hours=4),
        "as_of": LATER,
        "known": LATER,
        "moment": LATER - timedelta(hours=5),
        "after_us": -1,
        "after_id": "",
        "limit": 10_000,
        "node": "main",
        "after": 100,
        "upto": 700,
        "nodes": ["main"],
        "anchor_us": us_of_moment(START),
        "step_us": us_of_moment(EPOCH + timedelta(hours=5)),
    }


def asked(name: str) -> tuple[str, dict[str, Any]]:
    """A query file with its conditions in place, and what these need."""
    stretch = Stretch("main", LATER.date(), LATER.date(), LATER.date())
    bounds = bounds_of([stretch])
    text = bounds.fill(sql(name)).replace("[active]", active_in(list(ELEMENTS))[0])
    text = text.replace(
        "[stretches]",
        "node = {node:String} AND position BETWEEN {after:UInt64} + 1 AND {upto:UInt64}",
    )
    return text, bounds.parameters


def rows(warehouse: Warehouse, name: str, given: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """What a query file answers, in no order."""
    text, conditions = asked(name)
    values = {**given, **conditions}
    used = {key: value for key, value in values.items() if f"{{{key}:" in text}
    joint = "," if "\nSETTINGS" in text else "\nSETTINGS"
    return sorted(warehouse.rows(f"{text}{joint} {SETTINGS}", used), key=repr)


def unique(found: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Sorted rows, each once."""
    return [row for row, _ in groupby(found)]


FILES = [
    "events_after", "freshness", "history_between", "history_of", "inside",
    "last_before", "levels", "links_of", "list_as_known", "list_as_was", "list_now",
    "measured_in", "reach_of", "replay_arrivals", "replay_moves", "sources", "steps_of",
    "trends", "versions_of",
]  # fmt: skip
MAY_REPEAT = (
    "history_between", "history_of", "links_of", "measured_in", "reach_of", "versions_of",
)  # fmt: skip
"""Their readers take a row that comes twice as one."""


@pytest.mark.parametrize("name", FILES)
def test_two_shards_answer_as_one_server(places: Places, name: str) -> None:
    """Spread by stream, each record twice."""
    given = parameters(places.single)
    expected = rows(places.single, name, given)
    found = rows(places.shards, name, given)

    assert expected
    if name in MAY_REPEAT:
        expected, found = unique(expected), unique(found)
    assert found == expected


@pytest.mark.parametrize("name", FILES)
def test_a_table_before_shards_takes_the_query(places: Places, name: str) -> None:
    """The engine plans and runs it over two shards, with the settings of a cluster."""
    assert rows(places.remote, name, parameters(places.single))


def test_every_query_file_is_asked() -> None:
    """A new file needs its place above."""
    from importlib import resources

    folder = resources.files("services.dashboard_api") / "sql"
    assert sorted(item.name.removesuffix(".sql") for item in folder.iterdir()) == FILES
