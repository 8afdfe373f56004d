"""XES logs as people have them."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.importer.errors import TableUnreadable
from services.importer.xes import XesLog

LOG = """\
<?xml version="1.0" encoding="UTF-8" ?>
<!-- made up -->
<log xes.version="1849-2016" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="trace"><string key="concept:name" value="unnamed"/></global>
  <global scope="event">
    <string key="org:group" value="desk"/>
    <date key="time:timestamp" value="1970-01-01T00:00:00Z"/>
  </global>
  <classifier name="Activity" keys="concept:name"/>
  <string key="creator" value="甲"/>
  <trace>
    <string key="concept:name" value="A1"/>
    <event>
      <string key="concept:name" value="open &amp; shut"/>
      <date key="time:timestamp" value="2026-01-02T08:00:00+01:00"/>
      <boolean key="urgent" value="true"/>
      <int key="points" value="3"><string key="unit" value="p"/></int>
      <list key="articles"><values>
        <string key="article" value="7"/><string key="article" value="157"/>
      </values></list>
    </event>
    <event><string key="org:group" value="field"/></event>
  </trace>
  <trace/>
  <trace><event><float key="amount" value="3.5"/></event></trace>
</log>
"""

SAID = '<string key="a" value="b"/>'


def written(folder: Path, content: bytes | str, name: str = "log.xes") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path) -> list[dict[str, str]]:
    """The cells of all rows, without the blank ones."""
    with XesLog(path) as log:
        numbered = list(log.rows())
        assert [row.number for row in numbered] == list(range(1, len(numbered) + 1))
        assert all(list(row.cells or {}) == list(log.columns) for row in numbered)
        return [{c: v for c, v in (row.cells or {}).items() if v} for row in numbered]


EXPECTED = [
    {
        "log:creator": "甲",
        "case:concept:name": "A1",
        "org:group": "desk",
        "concept:name": "open & shut",
        "time:timestamp": "2026-01-02T08:00:00+01:00",
        "urgent": "true",
        "points": "3",
        "points/unit": "p",
        "articles/article": "7;157",
    },
    {"log:creator": "甲", "case:concept:name": "A1", "org:group": "field"},
    {
        "log:creator": "甲",
        "case:concept:name": "unnamed",
        "org:group": "desk",
        "amount": "3.5",
    },
]


@pytest.mark.parametrize(
    "content",
    [
        LOG.encode(),
        LOG.encode("utf-8-sig"),
        LOG.replace("UTF-8", "UTF-16").encode("utf-16"),
        gzip.compress(LOG.encode(), mtime=0),
        LOG.replace("<trace", "<x:trace").replace("</trace", "</x:trace").encode(),
    ],
)
def test_each_event_is_a_row(tmp_path: Path, content: bytes) -> None:
    """With its trace's attributes and the log's; what is left out is as global says, but times."""
    assert read(written(tmp_path, content)) == EXPECTED


def test_a_row_has_every_column_of_the_log(tmp_path: Path) -> None:
    """So that a mapping is checked before the first row is sent."""
    with XesLog(written(tmp_path, LOG)) as log:
        assert set(log.columns) == {column for row in EXPECTED for column in row}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "</event>\n    <event>",
            "</events>\n    <event>",
            "line 22, column 7, byte 980: not XML: mism",
        ),
        ("</log>\n", "", "not XML: no element found"),
        ('"1849-2016"', '"1849-2016" xes.version="2"', "not XML: duplicate attribute"),
        (
            "<log",
            "<records",
            "line 3, column 71, byte 127: is not an XES log: its root is <records>",
        ),
        ("<trace/>", "<tracer/>", "<tracer> does not belong into <log>"),
        ("<trace/>", "<event/>", "an event stands outside of every trace"),
        ("<trace/>", "<trace><trace/></trace>", "<trace> does not belong into <trace>"),
        (
            "<trace/>",
            '<string key="a" value="b"/>',
            "an attribute of the log stands behind a trace",
        ),
        ("<trace/>", '<global scope="event"/>', "a global stands behind a trace"),
        ('"trace"', '"case"', "a global's scope is neither trace nor event"),
        ('key="urgent"', "", "a <boolean> has no key"),
        ('value="3.5"', "", "a <float> has no value"),
        (
            "</event>\n  </trace>",
            '</event><string key="b" value="c"/></trace>',
            "an attribute of a trace stands behind its events",
        ),
        ("<!-- made up -->", '<!DOCTYPE log [<!ENTITY a "b">]>', "declares an entity"),
        ("UTF-8", "utf-7000", "its encoding is not known here"),
        ("甲", "甲" * 1_100_000, "is longer than"),
    ],
)
def test_logs_of_no_use(tmp_path: Path, old: str, new: str, reason: str) -> None:
    """Each says where and what is wrong, before a row is given, and nothing of what it holds."""
    assert old in LOG
    path = written(tmp_path, LOG.replace(old, new, 1))

    with pytest.raises(TableUnreadable) as caught:
        XesLog(path)

    assert reason in str(caught.value)
    assert str(caught.value).startswith("log.xes")
    assert "甲" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not XML: no element found"),
        (b"nr,name\n1,2\n", "not XML: syntax error"),
        (gzip.compress(LOG.encode(), mtime=0)[:-9], "ends before its end"),
        (gzip.compress(LOG.encode(), mtime=0)[:-8] + b"12345678", "is broken"),
        (LOG.encode().replace("甲".encode(), b"\xff\xfe"), "not XML"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, reason: str) -> None:
    """Whatever stands in the file, no trace of the program comes out."""
    with pytest.raises(TableUnreadable, match=reason):
        XesLog(written(tmp_path, content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The file is named, in the words of the system."""
    with pytest.raises(TableUnreadable, match=r"nothing\.xes: No such file"):
        XesLog(tmp_path / "nothing.xes")


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """An event is let go of once its row was taken."""
    import tracemalloc

    trace = '<trace><event><string key="a" value="{}"/></event></trace>'
    few, many = (
        written(tmp_path, f"<log>{''.join(trace.format('x' * 500) for _ in range(n))}</log>", name)
        for n, name in ((500, "few.xes"), (20_000, "many.xes"))
    )

    def peak(path: Path) -> int:
        tracemalloc.start()
        with XesLog(path) as log:
            for _ in log.rows():
                pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(many) < 2 * peak(few) + 200_000


Trace = tuple[dict[str, str], list[dict[str, str]]]
keys = st.text("abc:é", min_size=1, max_size=4)
values = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1
)
attributes = st.dictionaries(keys, values, max_size=4)


@given(st.lists(st.tuples(attributes, st.lists(attributes, max_size=3)), max_size=4))
def test_what_was_written_is_read(
    traces: list[tuple[dict[str, str], list[dict[str, str]]]],
) -> None:
    """Any names and any text, of traces and of events."""

    def elements(of: dict[str, str]) -> str:
        return "".join(
            f"<string key={quoteattr(key)} value={quoteattr(value)}/>" for key, value in of.items()
        )

    body = ""
    for trace, events in traces:
        inner = "".join(f"<event>{elements(event)}</event>" for event in events)
        body += f"<trace>{elements(trace)}{inner}</trace>"
    with TemporaryDirectory() as folder:
        found = read(written(Path(folder), f"<log>{body}</log>"))

    assert found == [
        {f"case:{key}": value for key, value in trace.items()} | event
        for trace, events in traces
        for event in events
    ]
