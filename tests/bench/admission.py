"""Durable admission: events posted over HTTP in batches of 500, answered once they are synced.

The server is a process of its own, on the other core; PostgreSQL is a third.  Beside it the
part's own limit: eventsourcing's recorder takes the very bytes that were stored, 500 a
transaction, synced, with nothing to check, fold, seal or answer.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from psycopg.conninfo import conninfo_to_dict

from schemas import organisations
from schemas.envelope import LogRecord, source_of
from services.backbone.event_store import EventStore, StoredRow
from services.backbone.postgres_store import PostgresEventStore
from services.backbone.sqlite_store import SQLiteEventStore
from tests.bench.rows import Row
from tests.support.postgres import Postgres
from tests.support.records import province
from tests.support.server import Server

BATCH = 500
BATCHES = 160
AT_ONCE = 4
READ_ROWS = 2_000
PROVINCE = "350000000000"
_AREA = re.compile(r"\b35[0-9]{4}|(?<=[A-Z])35[0-9]{4}")


def run() -> list[Row]:
    """What the recorders alone take and give, and what the door and the store do with them."""
    bodies = _bodies()
    with tempfile.TemporaryDirectory() as folder, Postgres() as postgres:
        try:
            return [
                *_on_sqlite(Path(folder), bodies),
                *_on_postgres(Path(folder), bodies, postgres),
            ]
        finally:
            postgres.remove()


def _on_sqlite(folder: Path, bodies: Sequence[bytes]) -> list[Row]:
    data = folder / "sqlite"
    ours = _posted(data, bodies, {})
    stored, _ = _read(SQLiteEventStore(data / "events.sqlite", write=False))
    datastore = SQLiteDatastore(str(folder / "bare.sqlite"), originator_id_type="text")
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    limit = _recorded(recorder, stored)
    datastore.close()
    note = _note(stored, f"SQLite {sqlite3.sqlite_version}")
    return [Row("durable admission over HTTP", limit, ours, "ev/s", note)]


def _on_postgres(folder: Path, bodies: Sequence[bytes], postgres: Postgres) -> list[Row]:
    dsn, bare = postgres.create_database("ours"), postgres.create_database("bare")
    ours = _posted(folder / "postgres", bodies, {"YIPING_EVENT_STORE": dsn})
    store = PostgresEventStore(dsn, write=False)
    stored, reading = _read(store)
    place = conninfo_to_dict(bare)
    with PostgresDatastore(
        dbname=str(place["dbname"]),
        host=str(place["host"]),
        port=str(place["port"]),
        user=str(place["user"]),
        password="",
        originator_id_type="text",
    ) as datastore:
        recorder = PostgresApplicationRecorder(datastore)
        recorder.create_table()
        limit = _recorded(recorder, stored)
        selecting = _selected(recorder, len(stored))
    note = _note(stored, "PostgreSQL 18")
    return [
        Row("durable admission over HTTP, PostgreSQL", limit, ours, "ev/s", note),
        Row("reading the log, PostgreSQL", selecting, reading, "ev/s", f"{READ_ROWS} at once"),
    ]


def _note(stored: Sequence[StoredRow], engine: str) -> str:
    size = sum(len(row.stored) for row in stored) // len(stored)
    return f"{BATCH} a batch, {AT_ONCE} senders, {size} bytes a stored event, {engine}"


def _posted(data: Path, bodies: Sequence[bytes], environment: Mapping[str, str]) -> float:
    """Events a second through the door of a fresh server."""
    with Server(data, command="ingest", environment=environment) as server:
        return asyncio.run(_post(server.url, server.token(PROVINCE, "centre"), bodies))


def _read(store: EventStore) -> tuple[list[StoredRow], float]:
    """All that is stored, and how many events a second come out when only read."""
    with closing(store):
        stored = [row for part in store.rows("main") for row in part]
        if len(stored) != BATCH * BATCHES:
            raise RuntimeError(f"{len(stored)} events are stored, not {BATCH * BATCHES}")
        after, began = 0, time.perf_counter()
        while part := store.read("main", after, READ_ROWS):
            after = part[-1][0]
        return stored, after / (time.perf_counter() - began)


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


def _recorded(recorder: ApplicationRecorder, stored: Sequence[StoredRow]) -> float:
    """Events a second that eventsourcing's recorder takes."""
    events = [StoredEvent(r.stream, r.version, "", r.stored) for r in stored]
    began = time.perf_counter()
    for start in range(0, len(events), BATCH):
        recorder.insert_events(events[start : start + BATCH])
    return len(events) / (time.perf_counter() - began)


def _selected(recorder: ApplicationRecorder, count: int) -> float:
    """Events a second that eventsourcing's recorder gives."""
    after, began = 0, time.perf_counter()
    while part := recorder.select_notifications(after + 1, READ_ROWS):
        after = part[-1].id
    if after != count:
        raise RuntimeError(f"{after} events were read, not {count}")
    return after / (time.perf_counter() - began)
