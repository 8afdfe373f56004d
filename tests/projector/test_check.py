"""Every view against a fold of the facts: the check finds what was done to the views."""

import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from services.backbone.log import Entry
from services.backbone.warehouse import Warehouse, connect
from services.projector.check import check
from services.projector.findings import Findings
from services.projector.view_files import load, named
from tests.support.projecting import insert, project
from tests.support.records import province

ENTRIES = list(islice(province(6, per_day=300, at_once=20), 900))


@pytest.fixture(scope="module")
def checked(engine: Warehouse) -> Iterator[Warehouse]:
    """Views that stand rightly, for tests that only look."""
    ((folder,),) = engine.rows("SELECT path FROM system.disks WHERE name = 'default'")
    client = connect(f"chdb://{folder}?database=looked_at")
    project(client, ENTRIES)
    yield client
    client.close()


def found(warehouse: Warehouse, entries: list[Entry], total: int | None = None) -> Findings:
    """What the check of the views against these entries finds."""
    return check(warehouse, entries, total=len(entries) if total is None else total)


def test_views_that_are_right_have_no_difference(checked: Warehouse) -> None:
    """Nothing is reported of a good warehouse."""
    assert found(checked, ENTRIES).listed == []


def test_many_parts_check_the_same(checked: Warehouse, tmp_path: Path) -> None:
    """However the log is cut to stay small in memory; nothing is left in the folder."""
    heard: dict[str, int] = {}

    def advanced(phase: str, done: int) -> None:
        heard[phase] = heard.get(phase, 0) + done

    findings = check(checked, ENTRIES, total=400_000, folder=tmp_path, advanced=advanced)

    assert findings.listed == []
    assert heard == {"events": 900, "streams": 900}
    assert list(tmp_path.iterdir()) == []


SPOILED = {
    "events": "ALTER TABLE events UPDATE data = '{}' WHERE position = 7",
    "events lost": "ALTER TABLE events DELETE WHERE position = 7",
    "things": "ALTER TABLE things UPDATE status = 'wrong' WHERE position = 900",
    "things lost": "ALTER TABLE things DELETE WHERE position = 900",
    "states": "ALTER TABLE states UPDATE org = '350000000000' WHERE position = 77",
    "states lost": "ALTER TABLE states DELETE WHERE position = 77",
    "histories": "ALTER TABLE histories UPDATE fact = '[]' WHERE element = 'case' AND version = 2",
    "histories lost": "ALTER TABLE histories DELETE WHERE element = 'case' AND version = 2",
    "flows": "ALTER TABLE flows UPDATE delta = 1 WHERE delta = -1 AND position BETWEEN 9 AND 60",
    "flows lost": "ALTER TABLE flows DELETE WHERE delta = -1 AND position BETWEEN 9 AND 60",
    "flows later": "ALTER TABLE flows UPDATE received_at = received_at + 1 WHERE position < 9",
    "links": "ALTER TABLE links DELETE WHERE element = 'case' AND position BETWEEN 9 AND 60",
    "arrivals": "ALTER TABLE arrivals UPDATE missing = missing + 1 WHERE position = 7",
    "keyframes": "ALTER TABLE keyframes UPDATE level = level + 1 WHERE element = 'person'",
    "keyframes lost": "ALTER TABLE keyframes DELETE WHERE day = '2026-11-18'",
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_was_spoiled_is_named(warehouse: Warehouse, name: str) -> None:
    """Rows that are gone or altered are found, and the view is named."""
    project(warehouse, ENTRIES)
    warehouse.command(SPOILED[name] + " SETTINGS mutations_sync = 2")
    findings = found(warehouse, ENTRIES)

    assert findings.count > 0
    assert {finding.view.split()[0] for finding in findings.listed} == {name.split()[0]}


def test_a_surplus_event_is_found(checked: Warehouse) -> None:
    """An event that the log does not have is a difference, and so are its traces."""
    findings = found(checked, ENTRIES[:-1])

    assert "beyond 899" in findings.listed[0].key


def test_an_unknown_node_is_found(checked: Warehouse) -> None:
    """A whole node that is not on the log is named."""
    assert "a node that the log does not have" in {f.found for f in found(checked, []).listed}


def test_recorded_changes_are_not_believed(warehouse: Warehouse) -> None:
    """A record that lies of its own change is found, though every view repeats it."""
    entries = list(ENTRIES)
    place = next(n for n, e in enumerate(entries) if b'"to_status":"released"' in e.body)
    lie = entries[place].body.replace(b'"to_status":"released"', b'"to_status":"waiting"')
    entries[place] = entries[place]._replace(body=lie)
    project(warehouse, entries)
    views = {finding.view.split()[0] for finding in found(warehouse, entries).listed}

    assert {"recorded", "states", "things", "flows"} <= views
    assert "events" not in views


def test_a_hole_in_a_stream_is_found(warehouse: Warehouse) -> None:
    """Versions of a stream run on without a gap."""
    body = msgspec.json.decode(ENTRIES[0].body)
    entries = [e for e in ENTRIES if e.position > 1 or e.node != body["node"]]
    project(warehouse, entries)
    keys = [f.key for f in found(warehouse, entries).listed if f.view == "events"]

    assert keys == [f"{body['stream']} versions"]


def test_a_plain_view_is_checked(own_warehouse: Warehouse) -> None:
    """What a plain view shows is compared with its table."""
    insert(own_warehouse, ENTRIES)
    view = named("case", load()).view or ""
    own_warehouse.command(view.replace("element = 'case'", "element = 'case' AND version > 1"))

    assert "case" in {finding.view for finding in found(own_warehouse, ENTRIES).listed}


def test_the_warehouse_knows_the_same_parts(warehouse: Warehouse) -> None:
    """CRC32 is the same sum on both sides, whatever is in the name."""
    name = "place/厦门-询问室\n🚪"

    assert warehouse.rows("SELECT CRC32({name:String})", {"name": name}) == [
        (zlib.crc32(name.encode()),)
    ]
