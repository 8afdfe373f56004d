"""Verification: whatever was done to the log is found, and named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from services.backbone.event_store import Admitted
from services.ingest.verification import Finding, Row, Verifier, verify
from tests.support.events import event
from tests.support.ingest import House

DAY = 24 * 60


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Two nodes, three streams, two days: R1 lies at main 1, 3, 6, and before that at load-1 1."""
    with House(tmp_path) as house:
        stated = "2026-11-01T00:00:00Z"
        house.record(
            [
                event("person.admitted", "l1", subject="R1", receivedtime=stated),
                event("person.admitted", "l2", subject="R9", receivedtime=stated),
            ],
            importer=True,
        )
        house.record(
            [
                event("person.searched", "1", subject="R1"),
                event("person.admitted", "2", subject="R2"),
                event("person.sampled", "3", subject="R1"),
            ]
        )
        house.clock.move(minutes=DAY)
        house.record(
            [
                event("person.searched", "4", subject="R2"),
                event("case.accepted", "5", subject="A1"),
                event("person.moved", "6", subject="R1"),
                event("person.moved", "7", subject="R2"),
            ]
        )
        yield house


Tamper = Callable[[sqlite3.Connection], object]


def tampered(house: House, tamper: Tamper) -> list[Finding]:
    """What is found after somebody was at the file."""
    house.close()
    with closing(sqlite3.connect(house.folder / "events.sqlite")) as database:
        tamper(database)
        database.commit()
    house.open()
    return house.findings()


def told(findings: list[Finding]) -> list[tuple[str, str, int, str, int]]:
    """Findings without their words."""
    return [finding[:5] for finding in findings]


def altered_byte(position: int, what: bytes, by: bytes) -> Tamper:
    """Replace some bytes of one stored event by as many others."""
    assert len(what) == len(by)

    def tamper(database: sqlite3.Connection) -> None:
        (state,) = database.execute(
            "SELECT state FROM events_main WHERE rowid=?", (position,)
        ).fetchone()
        assert what in state
        database.execute(
            "UPDATE events_main SET state=? WHERE rowid=?",
            (state.replace(what, by, 1), position),
        )

    return tamper


def test_a_clean_store_has_no_finding(house: House) -> None:
    """Over several nodes, days and restarts."""
    assert house.findings() == []
    house.restart()
    assert house.findings() == []


def test_an_empty_store_has_no_finding(tmp_path: Path) -> None:
    """Nothing was recorded, nothing is wrong."""
    with House(tmp_path) as house:
        assert house.findings() == []


def test_an_altered_byte_in_the_middle_is_named(house: House) -> None:
    """The event itself is named, not the innocent one that follows it."""
    findings = tampered(house, altered_byte(3, b'"sampled"', b'"sampleD"'))

    assert set(told(findings)) == {
        ("altered", "main", 3, "person/R1", 3),
        ("anchor_broken", "main", 3, "person/R1", 3),
    }


def test_an_altered_byte_at_the_end_of_a_stream_is_named(house: House) -> None:
    """Nothing follows it in its stream that would hold its hash, but its admission does."""
    findings = tampered(house, altered_byte(7, b'"to_status":"waiting"', b'"to_status":"waitinG"'))

    assert ("altered", "main", 7, "person/R2", 3) in told(findings)
    assert {f.position for f in findings} == {7}


@pytest.mark.parametrize(
    ("what", "by"),
    [
        (b'"id":"4"', b'"id":"X"'),
        (b'"source":"/orgs/350203000000"', b'"source":"/orgs/350203000001"'),
        (b'"prev":"', b'"prev":\xff'),
        (b'{"stream"', b'["stream"'),
        (b'"version":2', b'"version":9'),
        (b'"stream":"person/R2"', b'"stream":"person/R1"'),
        (b'"received_at":"2', b'"received_at":"3'),
    ],
    ids=["id", "source", "not utf-8", "not JSON", "version", "stream", "moment"],
)
def test_any_altered_part_is_named(house: House, what: bytes, by: bytes) -> None:
    """Also where the event can no longer be read, or claims to be another."""
    findings = tampered(house, altered_byte(4, what, by))

    assert ("altered", "main", 4, "person/R2", 2) in told(findings)
    assert {f.position for f in findings if f.what == "altered"} == {4}


def test_a_prev_that_was_altered_is_named(house: House) -> None:
    """A chain that was bent to hide something."""

    def tamper(database: sqlite3.Connection) -> None:
        (state,) = database.execute("SELECT state FROM events_main WHERE rowid=4").fetchone()
        at = state.index(b'"prev":"') + len(b'"prev":"')
        bent = state[:at] + b"zz" + state[at + 2 :]
        database.execute("UPDATE events_main SET state=? WHERE rowid=4", (bent,))
        database.execute("UPDATE admitted SET sha256=? WHERE position=4", (sha256(bent).digest(),))

    findings = tampered(house, tamper)

    assert ("altered", "main", 4, "person/R2", 2) in told(findings)


def test_a_removed_event_is_named(house: House) -> None:
    """Its position and its version are gone."""
    findings = tampered(house, lambda d: d.execute("DELETE FROM events_main WHERE rowid=3"))

    assert ("missing", "main", 3, "", 0) in told(findings)
    assert ("missing", "", 0, "person/R1", 3) in told(findings)
    assert not [f for f in findings if f.what == "altered"]


def test_several_removed_events_are_named_as_a_range(house: House) -> None:
    """However many are gone, they are told in one line."""
    findings = tampered(
        house, lambda d: d.execute("DELETE FROM events_main WHERE rowid BETWEEN 2 AND 5")
    )

    (gone,) = [f for f in findings if f.what == "missing" and f.node]
    assert (gone.position, gone.message) == (2, "positions 2 to 5 are gone")
    assert {(f.stream, f.version, f.message) for f in findings if f.what == "missing" and f.stream}
    assert ("missing", "", 0, "person/R2", 1) in told(findings)


def test_a_removed_tail_is_named(house: House) -> None:
    """The node's head and its anchors know how far it went."""
    findings = tampered(house, lambda d: d.execute("DELETE FROM events_main WHERE rowid>=6"))

    assert told(findings) == [("missing", "main", 6, "", 0)]
    assert findings[0].message == "positions 6 to 7 are gone"


def test_a_removed_tail_with_its_head_is_named(house: House) -> None:
    """Who sets the head back forgets the anchors, who sets those back forgets the admissions."""

    def tamper(database: sqlite3.Connection) -> None:
        (root,) = database.execute("SELECT root FROM anchors WHERE position=3").fetchone()
        database.execute("DELETE FROM events_main WHERE rowid>=4")
        database.execute("UPDATE nodes SET position=3, root=? WHERE node='main'", (root,))
        database.execute("DELETE FROM anchors WHERE position=7")

    assert told(tampered(house, tamper)) == [("missing", "main", 4, "", 0)]


def test_a_removed_node_is_named(house: House) -> None:
    """A whole load that is gone is missed, and so are the versions that it held."""

    def tamper(database: sqlite3.Connection) -> None:
        database.execute("DROP TABLE events_load_1")
        database.execute("DELETE FROM nodes WHERE node='load-1'")
        database.execute("DELETE FROM anchors WHERE node='load-1'")

    findings = tampered(house, tamper)

    assert told(findings) == [
        ("missing", "", 0, "person/R1", 1),
        ("missing", "load-1", 1, "", 0),
    ]


def test_swapped_events_are_named(house: House) -> None:
    """Each of the two is told to stand in the other's place."""

    def tamper(database: sqlite3.Connection) -> None:
        for now, then in ((2, -1), (5, 2), (-1, 5)):
            database.execute("UPDATE events_main SET rowid=? WHERE rowid=?", (then, now))

    findings = tampered(house, tamper)

    assert ("reordered", "main", 2, "case/A1", 1) in told(findings)
    assert ("reordered", "main", 5, "person/R2", 1) in told(findings)
    assert not [f for f in findings if f.what == "altered"]


def test_swapped_contents_are_named(house: House) -> None:
    """Bytes that say they are another event than the row that holds them."""

    def tamper(database: sqlite3.Connection) -> None:
        states = dict(
            database.execute("SELECT rowid, state FROM events_main WHERE rowid IN (2, 5)")
        )
        database.execute("UPDATE events_main SET state=? WHERE rowid=2", (states[5],))
        database.execute("UPDATE events_main SET state=? WHERE rowid=5", (states[2],))

    found = told(tampered(house, tamper))

    assert ("reordered", "main", 2, "person/R2", 1) in found
    assert ("reordered", "main", 5, "case/A1", 1) in found


def test_a_forged_event_is_named(house: House) -> None:
    """Well made, rightly chained, at the end of the log: but never admitted."""

    def tamper(database: sqlite3.Connection) -> None:
        (last,) = database.execute("SELECT state FROM events_main WHERE rowid=7").fetchone()
        forged = (
            last.replace(b'"version":3', b'"version":4')
            .replace(b'"id":"7"', b'"id":"8"')
            .replace(last[last.index(b'"prev":"') + 8 :][:64], sha256(last).hexdigest().encode())
        )
        database.execute(
            "INSERT INTO events_main (rowid, originator_id, originator_version, topic, state)"
            " VALUES (8, 'person/R2', 4, 'person.moved', ?)",
            (forged,),
        )

    findings = tampered(house, tamper)

    assert told(findings) == [("altered", "main", 8, "person/R2", 4)]
    assert findings[0].message == "was never admitted"


def test_a_removed_admission_is_named(house: House) -> None:
    """The note that proves an event cannot be taken away."""
    findings = tampered(house, lambda d: d.execute("DELETE FROM admitted WHERE position=5"))

    assert told(findings) == [("altered", "main", 5, "case/A1", 1)]


@pytest.mark.parametrize("root", ["", "zz", "00" * 32])
def test_an_altered_anchor_is_named_once(house: House, root: str) -> None:
    """Only the day whose anchor differs is told, not all days after it."""
    findings = tampered(
        house, lambda d: d.execute("UPDATE anchors SET root=? WHERE position=3", (root,))
    )

    assert ("anchor_broken", "main", 3, "person/R1", 3) in told(findings)
    assert {f.what for f in findings} == {"anchor_broken"}


def test_an_event_that_stands_twice_is_named() -> None:
    """A stream's version cannot be had on two nodes."""
    rows = [made("main", 1, "person/R1", 1), made("load-1", 1, "person/R1", 1)]
    findings = verify(rows, {}, {})

    assert [(f.what, f.node) for f in findings] == [("reordered", "load-1")]


def made(node: str, position: int, stream: str, version: int, prev: str = "") -> Row:
    """A row as it would have been recorded on ``main``."""
    stored = (
        b'{"stream":"%b","version":%d,"id":"%d","source":"/orgs/350203000000","type":"t",'
        b'"element":"person","subject":"R1","org":"","sender":"",'
        b'"occurred_at":"2026-01-01T00:00:00Z","recorded_at":"2026-01-01T00:00:00Z",'
        b'"received_at":"2026-01-01T00:00:00Z","changes":[],"state":{},"refs":[],"data":{},'
        b'"prev":"%b"}' % (stream.encode(), version, position, prev.encode())
    )
    admitted = Admitted(b"", "main", position, b"", sha256(stored).digest())
    return Row(node, position, stream, version, stored, admitted)


def test_what_is_kept_does_not_grow_with_the_log() -> None:
    """One hash for each stream, whatever the number of its events."""
    verifier = Verifier({}, {})
    prev = ""
    for n in range(1, 500):
        row = made("main", n, "person/R1", n, prev)
        verifier.take(row)
        prev = sha256(row.stored).hexdigest()

    assert (len(verifier._ends), len(verifier._wanted)) == (1, 0)
    assert verifier.finish() == []
    assert verifier.events == 499
