"""OCEL 2.0 logs in JSON as people have them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.importer.errors import TableUnreadable
from services.importer.ocel import OcelLog

EVENTS = [
    {
        "id": "e1", "type": "seize", "time": "2026-01-02T08:00:00Z",
        "attributes": [
            {"name": "value", "value": 12.50}, {"name": "urgent", "value": True},
            {"name": "count", "value": 3}, {"name": "note", "value": None},
        ],
        "relationships": [
            {"objectId": "p1", "qualifier": "owner"},
            {"objectId": "i1", "qualifier": "item"}, {"objectId": "i2", "qualifier": "item"},
        ],
    },
    {"id": "e2", "type": "close", "time": "2026-01-03T08:00:00Z"},
]  # fmt: skip
OBJECTS = [
    {
        "id": "i1", "type": "item",
        "attributes": [
            {"name": "status", "value": "甲", "time": "2026-01-01T00:00:00Z"},
            {"name": "store", "value": 7, "time": "2026-01-01T00:00:00Z"},
            {"name": "status", "value": "乙", "time": "2026-01-02T00:00:00Z"},
        ],
        "relationships": [{"objectId": "p1", "qualifier": "owner"}],
    },
    {"id": "i2", "type": "item", "attributes": []},
    {"id": "p1", "type": "person"},
]  # fmt: skip
LOG = {"eventTypes": [], "objectTypes": [], "events": EVENTS, "objects": OBJECTS}

ROWS = [
    {"kind": "object", "id": "i1", "type": "item", "time": "2026-01-01T00:00:00Z",
     "attr:status": "甲", "attr:store": "7", "object:person": "p1", "qualifier:owner": "p1"},
    {"kind": "object", "id": "i1", "type": "item", "time": "2026-01-02T00:00:00Z",
     "attr:status": "乙", "object:person": "p1", "qualifier:owner": "p1"},
    {"kind": "object", "id": "i2", "type": "item"},
    {"kind": "object", "id": "p1", "type": "person"},
    {"kind": "event", "id": "e1", "type": "seize", "time": "2026-01-02T08:00:00Z",
     "attr:value": "12.5", "attr:urgent": "true", "attr:count": "3",
     "object:person": "p1", "object:item": "i1;i2", "qualifier:owner": "p1",
     "qualifier:item": "i1;i2"},
    {"kind": "event", "id": "e2", "type": "close", "time": "2026-01-03T08:00:00Z"},
]  # fmt: skip


def written(folder: Path, content: bytes | str, name: str = "log.json") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path) -> list[dict[str, str]]:
    """The cells of all rows, without the blank ones."""
    with OcelLog(path) as log:
        numbered = list(log.rows())
        assert [row.number for row in numbered] == list(range(1, len(numbered) + 1))
        assert all(set(row.cells or {}) == set(log.columns) for row in numbered)
        return [{c: v for c, v in (row.cells or {}).items() if v} for row in numbered]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(LOG),
        json.dumps(LOG, ensure_ascii=False, indent=2),
        json.dumps(dict(reversed(LOG.items()))),
        gzip.compress(json.dumps(LOG).encode(), mtime=0),
    ],
)
def test_events_and_objects_are_rows(tmp_path: Path, content: bytes | str) -> None:
    """An object for each time of its attributes; objects first, in whatever order they stand."""
    assert read(written(tmp_path, content)) == ROWS


def test_progress_is_in_bytes(tmp_path: Path) -> None:
    """Of both readings; the first ones are told too."""
    heard: list[tuple[int, int]] = []
    path = written(tmp_path, json.dumps(LOG))
    size = path.stat().st_size

    with OcelLog(path, lambda *told: heard.append(told)) as log:
        assert [read <= of == 3 * size for read, of in heard] == [True] * len(heard)
        assert heard == sorted(heard)
        assert log.read_bytes == 0
        list(log.rows())
        assert log.read_bytes == log.size_bytes == 2 * size


def changed(*path: str | int, to: Any) -> str:
    """The log with one place changed."""
    log = json.loads(json.dumps(LOG))
    *steps, last = path
    place = log
    for step in steps:
        place = place[step]
    place[last] = to
    return json.dumps(log)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (changed("events", 1, to=7), "events[1]: is no object with keys"),
        (changed("events", 1, "id", to=None), "events[1]: has no id"),
        (changed("events", 0, "time", to=""), "events[0]: has no time"),
        (changed("objects", 2, "type", to=3), "objects[2]: has no type"),
        (changed("objects", 1, "id", to="i1"), "objects[1]: another object has its id"),
        (changed("objects", 0, "attributes", to={}), "objects[0]: its attributes are no list"),
        (
            changed("events", 0, "attributes", 0, "value", to=[1]),
            "events[0]: a value is no text, number or yes and no",
        ),
        (
            changed("events", 0, "relationships", 1, "objectId", to="x"),
            "events[0]: relationships[1] names an object that the file does not have",
        ),
        ('{"ocel:events": {}}', "holds neither events nor objects as OCEL 2.0 has them"),
        ("[]", "holds neither events nor objects"),
        ("", "byte 0: not JSON"),
        ('{"events": [{"id": "e" "甲"', "byte 27: not JSON"),
        (json.dumps(LOG)[:-1], f"byte {len(json.dumps(LOG)) - 1}: not JSON"),
        (gzip.compress(json.dumps(LOG).encode(), mtime=0)[:-9], "ends before its end"),
    ],
)
def test_logs_of_no_use(tmp_path: Path, content: bytes | str, reason: str) -> None:
    """Each says where and what is wrong, before a row is given, and nothing of what it holds."""
    with pytest.raises(TableUnreadable) as caught:
        OcelLog(written(tmp_path, content))

    assert reason in str(caught.value)
    assert str(caught.value).startswith("log.json")
    assert "甲" not in str(caught.value)


def test_the_byte_is_exact_in_a_long_file(tmp_path: Path) -> None:
    """Also behind the first hundreds of thousands."""
    good = json.dumps({"events": [{"id": "x" * 1000} for _ in range(400)]})

    with pytest.raises(TableUnreadable, match=f"byte {len(good) - 1}: not JSON"):
        OcelLog(written(tmp_path, good[:-1] + "?"))


names = st.text("abc é", min_size=1, max_size=3)
scalars = st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(10**15), 10**15)
attributes = st.dictionaries(names, scalars, max_size=3)
items = st.lists(st.tuples(names, attributes, st.sets(st.integers(0, 9), max_size=3)), max_size=5)


@given(items, items)
def test_what_was_written_is_read(
    events: list[tuple[str, dict[str, Any], set[int]]],
    objects: list[tuple[str, dict[str, Any], set[int]]],
) -> None:
    """Any names, text and numbers, of events and of objects, with what they relate to."""
    document: dict[str, list[Any]] = {"events": [], "objects": []}
    expected: list[dict[str, str]] = []
    for name, made in (("objects", objects), ("events", events)):
        for n, (type_, told, others) in enumerate(made):
            time = "" if name == "objects" and not told else f"2026-01-0{n + 1}T00:00:00Z"
            related = [n for n in sorted(others) if n < len(objects)]
            document[name].append(
                {
                    "id": f"o{n}", "type": type_, "time": time,
                    "attributes": [
                        {"name": key, "value": value, "time": time} for key, value in told.items()
                    ],
                    "relationships": [{"objectId": f"o{n}", "qualifier": "q"} for n in related],
                }
            )  # fmt: skip
            cells = {"kind": name[:-1], "id": f"o{n}", "type": type_, "time": time}
            cells |= {f"attr:{key}": str(value) for key, value in told.items()}
            cells["qualifier:q"] = ";".join(f"o{n}" for n in related)
            for other in related:
                column = f"object:{objects[other][0]}"
                cells[column] = ";".join(filter(None, [cells.get(column, ""), f"o{other}"]))
            expected.append({column: text for column, text in cells.items() if text})

    with TemporaryDirectory() as folder:
        path = written(Path(folder), json.dumps(document))
        if expected:
            assert read(path) == expected
        else:
            with pytest.raises(TableUnreadable):
                OcelLog(path)
