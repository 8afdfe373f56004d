"""What must hold of a cluster after any fault: nothing lost, nothing doubled, every view = fold."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote

import msgspec

from schemas.elements import ELEMENTS
from schemas.envelope import StoredFact
from services.backbone.event_store import EventStore
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.warehouse import connect
from tests.support.cluster import PROVINCE, Cluster
from tests.support.folds import told
from tests.support.service import Service

PANELS = ("incident", "person", "property", "case", "place", "dossier", "freshness")
CITY = "350200000000"
# Final: the keys of the table, whatever was inserted twice and not merged yet.
EVENTS = "SELECT node, position FROM events FINAL"


class _Line(msgspec.Struct):
    """As much of a journal's line as is read here."""

    given: dict[str, Any] | None = None


class _Named(msgspec.Struct):
    source: str
    id: str


def hold(cluster: Cluster, journal: Path) -> None:
    """``hold_views``, and that every answer was right and nothing recorded was altered."""
    hold_views(cluster)
    hold_answers(cluster, journal)


def hold_views(cluster: Cluster) -> None:
    """Once the views have caught up with a store that nobody writes to, they are its fold."""
    cluster.wait_ready()
    cluster.wait_caught_up()
    cluster.run("views", "check")
    with closing(PostgresEventStore(cluster.event_store, write=False)) as store:
        _every_position_once(cluster, store)
        frames_agree(cluster, store)


def hold_answers(cluster: Cluster, journal: Path) -> None:
    """Every event got the answer that it had to get, and what was accepted is there once."""
    cluster.run("verify")
    cluster.run("simulate", "--check", str(journal))
    with closing(PostgresEventStore(cluster.event_store, write=False)) as store:
        _each_accepted_once(store, journal)


def _every_position_once(cluster: Cluster, store: EventStore) -> None:
    with closing(connect(cluster.warehouse.dsn("reader"))) as warehouse:
        there = Counter((node, position) for node, position in warehouse.rows(EVENTS))
    wanted = {
        (node, position)
        for node, head in store.heads().items()
        for position in range(1, head.position + 1)
    }
    assert set(there) == wanted
    assert all(count == 1 for count in there.values())


def _each_accepted_once(store: EventStore, journal: Path) -> None:
    """Every position that was answered "accepted" is there, and no event is there twice."""
    stored: Counter[tuple[str, str]] = Counter()
    positions: set[tuple[str, int]] = set()
    for node in store.heads():
        for part in store.rows(node):
            for row in part:
                fact = msgspec.json.decode(row.stored, type=_Named)
                stored[fact.source, fact.id] += 1
                positions.add((node, row.position))
    lines = journal.read_bytes().splitlines()
    given = [g for line in lines if (g := msgspec.json.decode(line, type=_Line).given)]
    accepted = [g for g in given if g.get("status") == "accepted"]

    assert accepted
    assert stored.most_common(1)[0][1] == 1
    assert {(str(g["node"]), int(g["position"])) for g in accepted} <= positions


def fold(store: EventStore) -> dict[str, dict[str, int]]:
    """By element, how many things of the province have each status: a fold of every fact."""
    facts: dict[str, list[StoredFact]] = {}
    for node in store.heads():
        for part in store.rows(node):
            for row in part:
                fact = msgspec.json.decode(row.stored, type=StoredFact)
                facts.setdefault(fact.stream, []).append(fact)
    counts: dict[str, Counter[str]] = {}
    for of_one in facts.values():
        of_one.sort(key=lambda fact: fact.version)
        if status := told(of_one).status:
            counts.setdefault(of_one[0].element, Counter())[status] += 1
    return {element: dict(count) for element, count in counts.items()}


def frames_agree(cluster: Cluster, store: EventStore) -> None:
    """Every dashboard gives the same frame of each panel, with the numbers of the fold."""
    dashboards, token = cluster.kind("dashboard"), cluster.token("wall")
    last = max(head.received_at for head in store.heads().values() if head.position)
    cluster.wait_for(
        lambda: all(as_of(d, token) >= datetime.fromisoformat(last) for d in dashboards),
        f"a dashboard does not show {last}",
    )
    moment = min(as_of(dashboard, token) for dashboard in dashboards)
    counted = fold(store)
    for panel in PANELS:
        for org in (PROVINCE, CITY):
            first, *others = (_frame(d, token, panel, org, moment) for d in dashboards)
            assert all(other == first for other in others), (panel, org, first, others)
            if org == PROVINCE and panel in ELEMENTS:
                assert first["statuses"] == counted.get(panel, {}), panel


def as_of(dashboard: Service, token: str) -> datetime:
    """How far a dashboard shows everything; long ago while it can't tell."""
    try:
        frame = dashboard.get(f"/v1/orgs/{CITY}/panels/freshness", token)
    except HTTPError as error:
        if error.code != 503:
            raise
        return datetime.min.replace(tzinfo=UTC)
    except URLError:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromisoformat(frame["as_of"])


def _frame(dashboard: Service, token: str, panel: str, org: str, moment: datetime) -> Any:
    at = quote(moment.isoformat())
    return dashboard.get(f"/v1/orgs/{org}/panels/{panel}?as_of={at}", token)
