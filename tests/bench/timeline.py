"""The story of one case among a million, and everybody's clocks in a province.

Ours is the server's own function with all that it tells (spans, gaps, overlaps, measures,
documents, hashes counted anew), and the same over HTTP.  Beside it the reading alone that
nobody can do without: the things of the case by its links, and their facts.
The copies of the first cases keep the ``prev`` of these, so their chain is told as broken; it
costs the same.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from services.backbone.identity import Identity
from services.backbone.log import Entry
from services.backbone.warehouse import Warehouse
from services.dashboard_api.fact_reader import facts_of, links_of
from services.dashboard_api.live import Pace
from services.dashboard_api.runtime import READING_CLIENTS
from services.dashboard_api.session import Limits
from services.projector.keyframes import Keyframes
from tests.bench.apart import apart
from tests.bench.as_served import as_served
from tests.bench.disk import hold, let_go
from tests.bench.rows import Row
from tests.bench.settling import aged, settled
from tests.dashboard_api.site import Site, serving
from tests.dashboard_api.world import World
from tests.support.records import Recorder

CASES = 1_000_000
FIRST = 2_000
"""So many cases are recorded one by one, in two days; the others are their copies, later on."""
COPIES_AT_ONCE = 10
ASKED = 60
INSIDE = 700
ROOMS = 92
PROVINCE = "350000000000"
START = datetime(2021, 1, 1, tzinfo=UTC)
Ask = Callable[[str], Awaitable[None]]
TOKEN = "-00000"
"""The end of an id, which in the copies becomes the copy's number."""
SUPERVISOR = Identity(PROVINCE, "supervisor", "bench")

_COPIES = """
INSERT INTO events
SELECT * REPLACE (
    position + {records:UInt64} * copy AS position,
    replaceAll(stream, '-00000', token) AS stream,
    replaceAll(subject, '-00000', token) AS subject,
    version + copy * transform(subject, {rooms:Array(String)}, {facts:Array(UInt32)}, 0) AS version,
    concat(id, token) AS id,
    occurred_at + toIntervalDay(2 * copy) AS occurred_at,
    recorded_at + toIntervalDay(2 * copy) AS recorded_at,
    received_at + toIntervalDay(2 * copy) AS received_at,
    arrayMap(c -> (c.element, replaceAll(c.id, '-00000', token), c.from_status, c.to_status,
                   c.from_org, c.to_org, c.since + toIntervalDay(2 * copy), c.unusual),
             changes) AS changes,
    replaceAll(state, '-00000', token) AS state,
    arrayMap(r -> (r.1, replaceAll(r.2, '-00000', token)), refs) AS refs,
    replaceAll(data, '-00000', token) AS data
)
FROM (SELECT * FROM events WHERE position <= {records:UInt64})
ARRAY JOIN range({first:UInt32}, {last:UInt32}) AS copy
"""


def run() -> list[Row]:
    """Random cases of a million on both axes, and everybody in the area."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        reached = apart(filled, folder)
        print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
        with _world(folder) as world:
            settled(world.writing)
            world.progress.applied(*reached)
            return as_served(_measured(world, Path(folder)))


def _world(folder: str) -> World:
    return World(f"chdb://{folder}/views", reading=READING_CLIENTS)


def filled(folder: str) -> tuple[dict[str, int], datetime]:
    """A folder with a million cases; tells how far it reaches."""
    with _world(folder) as world:
        return _fill(world)


def _fill(world: World) -> tuple[dict[str, int], datetime]:
    """A million cases of about ten facts, and 700 people who are still inside.

    Days are closed as a projector closes them.  All but the last twenty of a thousand days have
    stood for long; those stand as they came.  Tells how far it reaches.
    """
    recorder = Recorder()
    first = list(_recorded(recorder))
    for start in range(0, len(first), 10_000):
        _insert(world.writing, first[start : start + 10_000])
    copies = CASES // FIRST
    rooms = world.writing.rows(
        "SELECT subject, toUInt32(count()) FROM events WHERE element = 'place' GROUP BY subject"
    )
    asked = {
        "records": len(first),
        "rooms": [room for room, _ in rooms],
        "facts": [facts for _, facts in rooms],
    }
    for at in range(1, copies, COPIES_AT_ONCE):
        last = min(at + COPIES_AT_ONCE, copies)
        if last == copies:
            aged(world.writing)
        world.writing.command(
            _COPIES.replace("token", "concat('-', leftPad(toString(copy), 5, '0'))"),
            {**asked, "first": at, "last": last},
        )
    now = START + timedelta(days=2 * copies + 2)
    recorder.positions["main"] = len(first) * copies
    _insert(world.writing, list(_people(recorder, now)))
    settled(world.writing)
    Keyframes(world.writing).close({"main": now})
    return recorder.positions, now


def _insert(warehouse: Warehouse, entries: list[Entry]) -> None:
    warehouse.insert_json("events", b"\n".join(entry.body for entry in entries))


def _recorded(recorder: Recorder) -> Iterator[Entry]:
    made = random.Random(5)
    facts: list[tuple[datetime, str, dict[str, Any], str]] = []
    for n in range(FIRST):
        begins = START + timedelta(days=2) * (n / FIRST)
        facts += _case(made, n, begins)
    facts.sort(key=lambda fact: fact[0])
    for number, (at, type_, data, sender) in enumerate(facts):
        yield recorder.record(
            type_,
            data,
            id_=f"e{number}",
            sender=sender,
            occurred_at=at,
            received_at=at + timedelta(seconds=90),
        )


def _case(
    made: random.Random, n: int, begins: datetime
) -> Iterator[tuple[datetime, str, dict[str, Any], str]]:
    """The facts of a case, of its room too."""
    area = f"35{1 + n % 9:02d}{2 + n % 11:02d}"
    jq, case, person, item, dossier = (f"{kind}{n:05d}{TOKEN}" for kind in "JARWD")
    room = f"P{n % ROOMS}"

    def at(minutes: float) -> datetime:
        return begins + timedelta(minutes=minutes)

    facts: list[tuple[float, str, dict[str, Any]]] = [
        (0, "incident.received", {"jq_no": jq, "channel": "110", "category": "斗殴"}),
        (20, "incident.disposed", {"jq_no": jq, "case_no": case, "persons_brought": [person]}),
        (30, "case.accepted", {"case_no": case, "decision": "accept", "jq_no": jq}),
        (40, "person.admitted", _admission(person, case, at(38), at(40))),
        (41, "case.measured", {"case_no": case, "measure": "行政传唤", "person_no": person}),
        (60, "person.moved", {"person_no": person, "to_kind": "interview", "to_room": room}),
        (62, "room.status_changed", {"room_id": room, "occupancy": 1, "guard": True}),
        (63, "recording.status_changed", {"room_id": room, "channel": "1", "state": "recording"}),
        (64, "person.interviewed", {"person_no": person, "kind": "question", "room_id": room,
                                    "start": at(64).isoformat(), "officers": ["1", "2"]}),
        (130, "property.seized", {"item_no": item, "case_no": case, "name": "手机"}),
        (200, "property.stored", {"item_no": item, "store": "一号库", "slot": "3-4"}),
        (210, "room.status_changed", {"room_id": room, "occupancy": 0}),
        (300, "person.released", {"person_no": person, "destination": "释放"}),
        (2000, "dossier.compiled", {"dossier_no": dossier, "case_no": case, "missing": []}),
    ]  # fmt: skip
    for minutes, type_, data in facts:
        org = f"{area}{50 + made.randrange(8)}0000"
        yield at(minutes + made.random()), type_, {**data, "org": org}, f"{area}000000"


def _admission(person: str, case: str, arrived: datetime, admitted: datetime) -> dict[str, Any]:
    return {
        "person_no": person,
        "case_no": case,
        "measure": "行传",
        "legal_basis": "治安管理处罚法第九十七条",
        "limit_h": 8.0,
        "name": "密" * 40,
        "id_number": "密" * 40,
        "arrived_at": arrived.isoformat(),
        "admitted_at": admitted.isoformat(),
    }


def _people(recorder: Recorder, now: datetime) -> Iterator[Entry]:
    """Who is inside: each with a case, a measure and a dozen facts of the last hours."""
    for n in range(INSIDE):
        person, case = f"I{n:05d}", f"B{n:05d}"
        org = f"35{1 + n % 9:02d}{2 + n % 11:02d}500000"
        arrived = now - timedelta(minutes=30 + n % 600)
        facts = [
            ("case.accepted", {"case_no": case, "decision": "accept"}),
            ("person.admitted", _admission(person, case, arrived, arrived)),
            ("case.measured", {"case_no": case, "measure": "行政传唤", "person_no": person}),
            *[("person.checked", {"person_no": person, "state": "正常"})] * 10,
        ]
        for m, (type_, data) in enumerate(facts):
            at = arrived + timedelta(minutes=2 * m)
            yield recorder.record(
                type_, {**data, "org": org}, id_=f"i{n}-{m}", sender=f"{org[:6]}000000",
                occurred_at=at, received_at=now,
            )  # fmt: skip


async def _measured(world: World, folder: Path) -> list[Row]:
    made = random.Random(11)
    known = world.watermark

    async def bare(case_no: str) -> None:
        key = ("case", case_no)
        await facts_of(
            world.readers, [key, *await links_of(world.readers, key, known)], known=known
        )

    async def told(case_no: str) -> None:
        story = await world.timelines.timeline(
            SUPERVISOR, case_no, axis="occurred", as_of=known, known=known
        )
        assert story is not None
        assert len(story["things"]) == 6

    async def clocks(_: str) -> None:
        people = await world.inside.clocks(PROVINCE, as_of=None, known=known, limit=50)
        assert len(people) == 50

    note = f"{CASES:,} cases, {_events(world):,} facts"
    async with _served(world, folder) as get:
        asked: dict[str, Ask] = {
            "timeline": told,
            "timeline over HTTP": lambda case_no: get(f"/v1/cases/{case_no}/timeline"),
            "record as JSON over HTTP": lambda case_no: get(f"/v1/cases/{case_no}/record"),
        }
        let_go(folder)
        rows = await _rows({"timeline, read from the disk": told}, bare, made, note)
        hold(folder)
        rows += await _rows(asked, bare, made, note)
        people = await _times_ms(clocks, _cases(made))
        note = f"{INSIDE} people inside, {CASES:,} who left"
        rows.append(Row("clocks of a province, p50", None, people[ASKED // 2], "ms", note))
        rows.append(Row("clocks of a province, p95", None, people[_P95], "ms", ""))
    return rows


def _cases(made: random.Random) -> list[str]:
    """Others each time: what was asked once is found sooner."""
    copies = CASES // FIRST
    return [f"A{made.randrange(FIRST):05d}-{made.randrange(copies):05d}" for _ in range(3 + ASKED)]


async def _rows(asked: Mapping[str, Ask], bare: Ask, made: random.Random, note: str) -> list[Row]:
    limit = await _times_ms(bare, _cases(made))
    rows = []
    for name, ask in asked.items():
        ours = await _times_ms(ask, _cases(made))
        rows.append(Row(f"{name}, p50", limit[ASKED // 2], ours[ASKED // 2], "ms", note))
        rows.append(Row(f"{name}, p95", limit[_P95], ours[_P95], "ms", ""))
    return rows


_P95 = ASKED * 95 // 100


def _events(world: World) -> int:
    ((count,),) = world.writing.rows("SELECT count() FROM events")
    return int(count)


@asynccontextmanager
async def _served(world: World, folder: Path) -> Any:
    """A client of a served dashboard."""
    site = Site(world, folder, demo=False, limits=Limits(), pace=Pace())
    async with serving(site):
        headers = {"Authorization": f"Bearer {site.token(PROVINCE, 'supervisor')}"}
        async with httpx.AsyncClient(base_url=f"http://{site.address}", headers=headers) as client:

            async def get(path: str) -> None:
                answer = await client.get(path, timeout=60)
                answer.raise_for_status()

            yield get


async def _times_ms(ask: Ask, cases: list[str]) -> list[float]:
    times = []
    for case_no in cases:
        began = time.perf_counter()
        await ask(case_no)
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times[3:])


if __name__ == "__main__":
    for row in run():
        print(row)
