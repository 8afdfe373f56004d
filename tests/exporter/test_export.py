"""The export as a whole, from a real event store to a file that others read."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.envelope import LogRecord
from services.backbone.log import Entry
from services.backbone.sqlite_tables import table_of
from services.exporter.errors import FactUnreadable, OutputUnusable
from services.exporter.export import READINGS, Selection, Written, export
from services.importer.ocel import OcelLog
from tests.exporter.exported import (
    counts_of,
    holding,
    objects_in,
    recorded,
    statuses_of,
    things_of,
    valid,
)
from tests.support.events import COUNTY, NOON, event
from tests.support.histories import histories, records_of
from tests.support.ingest import House

ALL = Selection("", None)


def exported(store: Any, folder: Path, selection: Selection = ALL) -> tuple[Any, Written]:
    """The document, held to the schema, and what was told of it."""
    path = folder / "log.json"
    written = export(store, selection, path)
    return valid(json.loads(path.read_bytes())), written


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A case with a person whose admission was entered late and corrected, and a room."""
    early = NOON - timedelta(hours=9)
    with House(tmp_path) as house:
        house.record(
            [
                event("case.accepted", "1", subject="A1", time=early, data={"decision": "open"}),
                event(
                    "person.admitted", "2", subject="R1", time=early + timedelta(hours=2),
                    data={"case_no": "A1", "name": "甲示例", "actor": "035001"},
                ),
                event("person.searched", "3", subject="R1", time=early + timedelta(hours=3),
                      data={"illness": "乙病"}),
            ]
        )  # fmt: skip
        house.clock.move(minutes=10)
        house.record(
            [
                event(
                    "person.admitted", "4", subject="R1", time=early + timedelta(hours=1),
                    corrects="2", data={"case_no": "A1", "jq_no": "J1"},
                ),
                event("case.decided", "5", subject="A1", time=early + timedelta(hours=4)),
                event("case.transferred", "6", subject="A1", time=early + timedelta(hours=4),
                      data={"result": "submitted"}),
            ]
        )  # fmt: skip
        yield house


def test_facts_become_events(house: House, tmp_path: Path) -> None:
    """In the order of the log, with their three times, and what they name with its field."""
    document, written = exported(house.store, tmp_path)

    assert [one["id"] for one in document["events"]] == [f"main/{n}" for n in (1, 3, 4, 5, 6)]
    admitted = next(one for one in document["events"] if one["type"] == "person.admitted")
    attributes = {one["name"]: one["value"] for one in admitted["attributes"]}
    assert admitted["time"] == "2026-11-23T04:00:00.000000Z"
    assert attributes["org"] == attributes["sender"] == COUNTY
    assert attributes["received_at"] > attributes["recorded_at"][:10]
    assert admitted["relationships"] == [
        {"objectId": "person/R1", "qualifier": "person_no"},
        {"objectId": "case/A1", "qualifier": "case_no"},
        {"objectId": "incident/J1", "qualifier": "jq_no"},
    ]
    assert written.events.total() == 5


def test_things_become_objects(house: House, tmp_path: Path) -> None:
    """With their statuses as it was: one a moment, without what was taken back."""
    document, _ = exported(house.store, tmp_path)
    objects = {one["id"]: one for one in document["objects"]}

    def told(id_: str, name: str) -> list[tuple[str, str]]:
        attributes = objects[id_]["attributes"]
        return [(a["time"][11:13], a["value"]) for a in attributes if a["name"] == name]

    assert sorted(objects) == ["case/A1", "incident/J1", "person/R1"]
    assert told("case/A1", "status") == [("03", "open"), ("07", "transferred")]
    assert told("person/R1", "status") == [("04", "admitted"), ("06", "searched")]
    assert told("person/R1", "org") == [("04", COUNTY)]
    assert objects["incident/J1"]["attributes"] == []
    assert objects["person/R1"]["relationships"] == [
        {"objectId": "case/A1", "qualifier": "case_no"},
        {"objectId": "incident/J1", "qualifier": "jq_no"},
    ]


def test_nobody_is_in_it(house: House, tmp_path: Path) -> None:
    """Neither names nor what seals them, nor health, nor an officer's number."""
    exported(house.store, tmp_path)

    content = (tmp_path / "log.json").read_text(encoding="utf-8")
    assert not [word for word in ("甲示例", "sealed:", "乙病", "035001") if word in content]


def test_as_of_is_as_known_then(house: House, tmp_path: Path) -> None:
    """Before the correction came, the admission was another."""
    document, _ = exported(house.store, tmp_path, Selection("", NOON + timedelta(minutes=5)))

    assert [one["id"] for one in document["events"]] == ["main/1", "main/2", "main/3"]


def test_a_scope_holds_what_it_was_responsible_for(house: House, tmp_path: Path) -> None:
    """And what that names; of others nothing."""
    within, _ = exported(house.store, tmp_path, Selection(COUNTY[:6], None))
    beside, written = exported(house.store, tmp_path, Selection("3501", None))

    assert len(within["events"]) == 5
    assert beside["events"] == beside["objects"] == []
    assert written.objects.total() == 0


def test_it_is_packed_where_the_name_says_so(house: House, tmp_path: Path) -> None:
    """The same content, and the same file each time."""
    export(house.store, ALL, tmp_path / "log.json")
    export(house.store, ALL, tmp_path / "log.jsonocel.gz")
    first = (tmp_path / "log.jsonocel.gz").read_bytes()
    export(house.store, ALL, tmp_path / "log.jsonocel.gz")

    assert gzip.decompress(first) == (tmp_path / "log.json").read_bytes()
    assert (tmp_path / "log.jsonocel.gz").read_bytes() == first


def test_progress_counts_every_reading(house: House, tmp_path: Path) -> None:
    """Found, written, folded; what was taken back is not folded."""
    heard: list[int] = []

    export(house.store, ALL, tmp_path / "log.json", heard.append)

    assert sum(heard) == READINGS * 6 - 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("log.csv", "has to end in"),
        ("nowhere/log.json", "No such file or directory"),
        ("taken.json", "Is a directory"),
    ],
)
def test_files_that_cannot_be_written(house: House, tmp_path: Path, name: str, reason: str) -> None:
    """Each says why, and nothing is left behind."""
    (tmp_path / "taken.json").mkdir()
    before = sorted(tmp_path.iterdir())

    with pytest.raises(OutputUnusable, match=reason):
        export(house.store, ALL, tmp_path / name)

    assert sorted(tmp_path.iterdir()) == before


def test_a_fact_that_is_none_is_named(house: House, tmp_path: Path) -> None:
    """The export ends, an older file stays as it was, and verification tells more."""
    path = tmp_path / "log.json"
    path.write_text("older")
    house.close()
    with closing(sqlite3.connect(tmp_path / "events.sqlite")) as database:
        database.execute(f"UPDATE {table_of('main')} SET state = x'7b' WHERE rowid = 3")  # noqa: S608
        database.commit()
    house.open()
    before = sorted(tmp_path.iterdir())

    with pytest.raises(FactUnreadable, match=r"main 3 .*yiping verify"):
        export(house.store, ALL, path)

    assert path.read_text() == "older"
    assert sorted(tmp_path.iterdir()) == before


def read_back(path: Path) -> dict[str, list[dict[str, str]]]:
    """Events and objects as the importer reads them, without blanks."""
    found: dict[str, list[dict[str, str]]] = {"event": [], "object": []}
    with OcelLog(path) as log:
        for row in log.rows():
            cells = {column: text for column, text in (row.cells or {}).items() if text}
            found[cells.pop("kind")].append(cells)
    return found


def expected_event(record: LogRecord) -> dict[str, str]:
    """An event of the importer's reading, from its record."""
    cells = {"id": f"{record.node}/{record.position}", "type": record.type,
             "time": time_of(record.occurred_at)}  # fmt: skip
    for element, id_ in things_of(record):
        column = f"object:{element}"
        cells[column] = ";".join(filter(None, [cells.get(column, ""), f"{element}/{id_}"]))
    return cells


def time_of(moment: datetime) -> str:
    """A time as the file has it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@settings(max_examples=40, deadline=None)
@given(
    histories(max_facts=40), st.sampled_from(["", "3502", "350203500000"]), st.floats(0, 1)
)  # fmt: skip
def test_what_is_exported_is_what_is_known(entries: list[Entry], scope: str, share: float) -> None:
    """Read back by our own importer: events, things, statuses and counts of any history."""
    records = records_of(entries)
    as_of = records[round(share * (len(records) - 1))].received_at
    kept = holding([one for one in records if one.received_at <= as_of], scope)
    with TemporaryDirectory() as folder:
        store = recorded(Path(folder), entries)
        document, written = exported(store, Path(folder), Selection(scope, as_of))
        store.close()
        assert counts_of(kept) == (written.events, written.objects)
        if not kept:
            assert document["events"] == document["objects"] == []
            return
        back = read_back(Path(folder) / "log.json")

    events = [
        {c: v for c, v in one.items() if not c.startswith(("attr:", "qualifier:"))}
        for one in back["event"]
    ]
    order = {node: n for n, node in enumerate(dict.fromkeys(one.node for one in records))}
    in_order = sorted(kept, key=lambda one: (order[one.node], one.position))
    assert events == [expected_event(one) for one in in_order]
    assert {one["id"] for one in back["object"]} == objects_in(kept)
    statuses: dict[str, list[tuple[str, str]]] = {}
    for one in back["object"]:
        if "attr:status" in one:
            statuses.setdefault(one["id"], []).append((one["time"], one["attr:status"]))
    assert statuses == {
        name: [(time_of(at), status) for at, status in changes]
        for name, changes in statuses_of(kept).items()
        if changes
    }
