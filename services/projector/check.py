"""``yiping views check``: every view against a fold of the facts in the event store.

One pass over the log compares ``events`` and sorts the records by stream; then each stream is
folded from its facts, and what the views must hold is compared with what they hold.  Memory
does not grow with the log, but for the sums of the flows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from schemas.elements import ELEMENTS
from schemas.envelope import LogRecord
from services.backbone.log import Entry
from services.backbone.spill import Spill, parts_for
from services.backbone.warehouse import Warehouse
from services.projector.check_events import check_events
from services.projector.expected import Expected
from services.projector.findings import Findings
from services.projector.refold import faults, refold
from services.projector.view_files import SOURCE, load, named

Advanced = Callable[[str, int], None]
"""Hears (phase, records done in it)."""

_COLUMNS = (
    "version", "received_at", "occurred_at", "recorded_at", "org", "status", "since", "node",
    "position", "type", "unusual",
)  # fmt: skip
_STATES = """
SELECT element, id, version, received_at, occurred_at, recorded_at, org, status, since, node,
       position, type, unusual, fact_id, corrects
FROM states FINAL
WHERE CRC32(concat(element, '/', id)) % {parts:UInt32} = {part:UInt32}
"""
_THINGS = """
SELECT element, id, version, received_at, occurred_at, recorded_at, org, status, since, node,
       position, type, unusual, state
FROM things FINAL
WHERE CRC32(concat(element, '/', id)) % {parts:UInt32} = {part:UInt32}
"""
_PLAIN_VIEW = """
SELECT count() FROM (
    SELECT id, version, org, status, since, unusual, type, occurred_at, recorded_at,
           received_at, node, position, state
    FROM things FINAL WHERE element = {element:String}
    EXCEPT
    SELECT id, version, org, status, since, unusual, type, occurred_at, recorded_at,
           received_at, node, position, state
    FROM {view:Identifier}
)
"""
_HISTORIES = """
SELECT toDate(received_at) AS day, count(), sum(cityHash64(
    element, subject, occurred_at, version, received_at, type, ifNull(corrects, ''), fact))
FROM """
_BY_DAY = " GROUP BY day"
_FLOWS = """
SELECT node, day, element, org, status, sum(delta), count() FROM flows FINAL
GROUP BY node, day, element, org, status
"""
_SUMS = {
    "flows": """
        SELECT node, day, count(), sum(toUInt64(CRC32(concat(toString(position), '/',
            toString(n), '/', toString(toUnixTimestamp64Micro(received_at)), '/',
            toString(toUnixTimestamp64Micro(occurred_at))))))
        FROM flows FINAL GROUP BY node, day""",
    "links": """
        SELECT node, toDate(received_at) AS day, count(), sum(toUInt64(CRC32(concat(
            toString(position), '/', element, '/', id, '/', other_element, '/', other_id, '/',
            through, '/', toString(delay_h)))))
        FROM links FINAL GROUP BY node, day""",
    "arrivals": """
        SELECT node, toDate(received_at) AS day, count(), sum(toUInt64(CRC32(concat(
            toString(position), '/', sender, '/',
            toString(toUnixTimestamp64Micro(received_at)), '/',
            toString(toUnixTimestamp64Micro(occurred_at)), '/',
            toString(toUnixTimestamp64Micro(recorded_at)), '/',
            ifNull(toString(sequence), ''), '/', toString(missing)))))
        FROM arrivals FINAL GROUP BY node, day""",
}


def check(
    warehouse: Warehouse,
    entries: Iterable[Entry],
    *,
    total: int,
    folder: Path | None = None,
    advanced: Advanced = lambda _phase, _done: None,
) -> Findings:
    """Compare every view with the facts.

    ``entries`` are all records of all nodes, node by node in order, ``total`` about how many;
    ``folder`` takes about a fifth of the log's size for a while.  The views must have caught
    up with the log.  Raises WarehouseFailed.
    """
    findings = Findings()
    expected = Expected()
    with TemporaryDirectory(dir=folder, prefix="yiping-check-") as spilled:
        spill = Spill(Path(spilled), parts_for(total))
        for record, body in check_events(warehouse, entries, findings):
            spill.add(record.stream, body)
            advanced("events", 1)
        spill.close()
        if not findings.count:
            _check_histories(warehouse, findings)
        for part in range(spill.parts):
            _check_part(warehouse, spill, part, expected, findings, advanced)
    for element in ELEMENTS:
        parameters = {"element": element, "view": element}
        ((differing,),) = warehouse.rows(_PLAIN_VIEW, parameters)
        findings.same(element, "things that the view shows otherwise", 0, differing)
    _check_sums(warehouse, expected, findings)
    _check_keyframes(warehouse, expected, findings)
    return findings


_record = msgspec.json.Decoder(LogRecord)


def _streams(lines: Iterator[bytes]) -> Iterator[list[LogRecord]]:
    records = sorted(map(_record.decode, lines), key=lambda r: (r.stream, r.version))
    for _, stream in groupby(records, key=lambda r: r.stream):
        yield list(stream)


def _check_part(
    warehouse: Warehouse,
    spill: Spill,
    part: int,
    expected: Expected,
    findings: Findings,
    advanced: Advanced,
) -> None:
    """Fold each stream of a part; compare its records, ``states`` and ``things``."""
    states: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    things: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for stream in _streams(spill.read(part)):
        name = stream[0].stream
        versions = [record.version for record in stream]
        findings.same("events", f"{name} versions", list(range(1, len(stream) + 1)), versions)
        for folded in refold(stream):
            record, change = folded.record, folded.change
            place = f"{record.node}/{record.position}"
            for field, value, found in faults(folded):
                findings.columns("recorded", place, (field,), (value,), (found,))
            expected.add(folded)
            row = (
                record.version, record.received_at, record.occurred_at, record.recorded_at,
                folded.org, change.to_status, change.since, record.node, record.position,
                record.type, change.unusual,
            )  # fmt: skip
            key = (record.element, record.subject)
            states[(*key, record.version)] = (*row, record.id, record.corrects)
            things[key] = (*row, folded.state)
        advanced("streams", len(stream))
    parameters = {"parts": spill.parts, "part": part}
    held = {tuple(row[:3]): row[2:] for row in warehouse.rows(_STATES, parameters)}
    findings.rows("states", (*_COLUMNS, "fact_id", "corrects"), states, held)
    held = {tuple(row[:2]): _decoded(row[2:]) for row in warehouse.rows(_THINGS, parameters)}
    findings.rows("things", (*_COLUMNS, "state"), things, held)


def _decoded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A thing's row with its state, which comes last, decoded."""
    return (*row[:-1], msgspec.json.decode(row[-1]))


def _check_histories(warehouse: Warehouse, findings: Findings) -> None:
    """They hold what their file makes of ``events``, of which nothing wrong is known."""
    logged = named("histories", load()).selected(f"{warehouse.database}.{SOURCE} FINAL")
    expected, held = (
        {day: (rows, sums) for day, rows, sums in warehouse.rows(f"{_HISTORIES}{rows_of}{_BY_DAY}")}
        for rows_of in (f"({logged})", "histories FINAL")
    )
    findings.tables("histories (rows, checksum)", expected, held)


def _check_sums(warehouse: Warehouse, expected: Expected, findings: Findings) -> None:
    for name, sql in _SUMS.items():
        held = {(node, day): (rows, crc) for node, day, rows, crc in warehouse.rows(sql)}
        findings.tables(f"{name} (rows, checksum)", expected.sums[name].table(), held)
    rows = warehouse.rows(_FLOWS)
    held_flows = {tuple(row[:5]): (row[5], row[6]) for row in rows}
    wanted = {key: (expected.flows[key], n) for key, n in expected.rows.items()}
    findings.tables("flows (sum, rows)", wanted, held_flows)


def _check_keyframes(warehouse: Warehouse, expected: Expected, findings: Findings) -> None:
    """Each keyframe that stands is the sum of the flows before it, and none is missing."""
    standing = set(warehouse.rows("SELECT node, day FROM keyframes FINAL WHERE element = ''"))
    for node, days in expected.flows_by_day().items():
        levels: Counter[tuple[str, ...]] = Counter()
        last = max(days)
        for day in sorted(days):
            levels.update(days[day])
            due = (node, day + timedelta(days=1))
            if due in standing:
                _check_keyframe(warehouse, *due, levels, findings)
            elif day != last:
                findings.add("keyframes", f"{node}/{due[1]}", "a keyframe", None)
            standing.discard(due)
    for node, day in sorted(standing):
        findings.add("keyframes", f"{node}/{day}", None, "a keyframe of a day without flows")


def _check_keyframe(
    warehouse: Warehouse, node: str, day: date, levels: Counter[tuple[str, ...]], findings: Findings
) -> None:
    rows = warehouse.rows(
        "SELECT element, org, status, level FROM keyframes FINAL"
        " WHERE node = {node:String} AND day = {day:Date} AND element != ''",
        {"node": node, "day": day},
    )
    held = {tuple(row[:3]): row[3] for row in rows}
    wanted = {key: level for key, level in levels.items() if level}
    findings.tables(f"keyframes {node}/{day}", wanted, held)
