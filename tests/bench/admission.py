"""Durable admission: events posted over HTTP in batches of 500, answered once they are synced.

The server is a process of its own, on the other core.  Beside it the part's own limit:
eventsourcing's SQLite recorder takes the very bytes that were stored, 500 a transaction,
synced, with nothing to check, fold, seal or answer.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from schemas import organisations
from schemas.envelope import LogRecord, source_of
from services.backbone.event_store import StoredRow
from services.backbone.sqlite_store import SQLiteEventStore
from tests.bench.rows import Row
from tests.support.records import province
from tests.support.server import Server

BATCH = 500
BATCHES = 160
AT_ONCE = 4
PROVINCE = "350000000000"
_AREA = re.compile(r"\b35[0-9]{4}|(?<=[A-Z])35[0-9]{4}")


def run() -> list[Row]:
    """What the recorder alone takes, and what the door takes."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        bodies = _bodies()
        with Server(data, command="ingest") as server:
            ours = asyncio.run(_post(server.url, server.token(PROVINCE, "centre"), bodies))
        store = SQLiteEventStore(data / "events.sqlite", write=False)
        stored = [row for part in store.rows("main") for row in part]
        store.close()
        if len(stored) != BATCH * BATCHES:
            raise RuntimeError(f"{len(stored)} events are stored, not {BATCH * BATCHES}")
        limit = _recorder_alone(Path(folder) / "bare.sqlite", stored)
        size = sum(len(row.stored) for row in stored) // len(stored)
    note = (
        f"{BATCH} a batch, {AT_ONCE} senders, {size} bytes a stored event,"
        f" SQLite {sqlite3.sqlite_version}"
    )
    return [Row("durable admission over HTTP", limit, ours, "ev/s", note)]


def _bodies() -> list[bytes]:
    """Batches of a province's life, all classes mixed, with personal fields to seal."""
    counties = [o.code[:6] for o in organisations.load() if o.level == "county"]
    areas: dict[str, str] = {}
    counted: Counter[str] = Counter()
    events = (_event(msgspec.json.decode(e.body, type=LogRecord), counted) for e in province(1))
    bodies = []
    for _ in range(BATCHES):
        body = msgspec.json.encode(list(itertools.islice(events, BATCH))).decode()
        for area in set(re.findall(r'"source":"/orgs/([0-9]{6})', body)):
            areas.setdefault(area, counties[len(areas) % len(counties)])
        bodies.append(_AREA.sub(lambda found: areas.get(found[0], found[0]), body).encode())
    return bodies


def _event(record: LogRecord, counted: Counter[str]) -> dict[str, Any]:
    counted[record.sender] += 1
    return {
        "specversion": "1.0",
        "id": record.id,
        "source": source_of(record.sender),
        "type": record.type,
        "time": record.occurred_at,
        "recordedtime": record.recorded_at,
        "sequence": counted[record.sender],
        "data": record.data,
    }


async def _post(url: str, token: str, bodies: Sequence[bytes]) -> float:
    """Events a second, from the first byte sent to the last answer."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/cloudevents-batch+json",
    }
    waiting = iter(bodies)

    async def sender(session: aiohttp.ClientSession) -> None:
        for body in waiting:
            async with session.post(f"{url}/v1/events", data=body, headers=headers) as answer:
                answer.raise_for_status()
                results = msgspec.json.decode(await answer.read())["results"]
                if any(r["status"] != "accepted" for r in results):
                    raise RuntimeError("an event was not accepted")

    async with aiohttp.ClientSession() as session:
        began = time.perf_counter()
        await asyncio.gather(*(sender(session) for _ in range(AT_ONCE)))
        return len(bodies) * BATCH / (time.perf_counter() - began)


def _recorder_alone(path: Path, stored: Sequence[StoredRow]) -> float:
    datastore = SQLiteDatastore(str(path), originator_id_type="text")
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    events = [StoredEvent(r.stream, r.version, "", r.stored) for r in stored]
    began = time.perf_counter()
    for start in range(0, len(events), BATCH):
        recorder.insert_events(events[start : start + BATCH])
    took = time.perf_counter() - began
    datastore.close()
    return len(events) / took
