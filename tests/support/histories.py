"""Histories for property tests: facts of a few things, late, disordered and corrected."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from schemas.classes import CLASSES
from schemas.envelope import LogRecord, stream_name
from schemas.organisations import bucket_of
from services.backbone.log import Entry
from tests.support.facts import payloads
from tests.support.records import START, Recorder

COUNTIES = ("350102000000", "350203000000", "350206000000", "350502000000")
ORGS = (
    "350000000000", "350200000000", "350203000000", "350203500000", "350203510000",
    "350206500000", "350102500000", "350502990000",
)  # fmt: skip
NODES = ("main", "load-a", "load-b")

_decoder = msgspec.json.Decoder(LogRecord)


class _Fact(NamedTuple):
    """One draw: a fact of the ``subject``-th thing of its element."""

    type: str
    data: dict[str, Any]
    subject: int
    node: str
    sender: str
    org: str | None
    gap: timedelta
    """Since the fact before was received."""
    lateness: timedelta
    corrects: int | None
    """Which earlier fact of the thing and sender it replaces, from the last."""


_GAPS = st.one_of(
    st.timedeltas(timedelta(microseconds=1), timedelta(minutes=5)),
    st.timedeltas(timedelta(hours=1), timedelta(days=3)),
)


@st.composite
def _facts(draw: st.DrawFn) -> _Fact:
    row = CLASSES[draw(st.sampled_from(sorted(CLASSES)))]
    return _Fact(
        row.type,
        draw(payloads(row)),
        draw(st.integers(0, 2)),
        draw(st.sampled_from(NODES)),
        draw(st.sampled_from(COUNTIES)),
        draw(st.none() | st.sampled_from(ORGS)),
        draw(_GAPS),
        draw(st.timedeltas(timedelta(0), timedelta(days=2))),
        draw(st.none() | st.integers(1, 3)),
    )


def histories(max_facts: int = 60) -> st.SearchStrategy[list[Entry]]:
    """Entries of up to three nodes, in the order in which they were received."""
    return st.lists(_facts(), min_size=1, max_size=max_facts).map(_recorded)


def _recorded(facts: list[_Fact]) -> list[Entry]:
    recorder, now = Recorder(), START
    sent: dict[tuple[str, str], list[str]] = {}
    entries = []
    for number, fact in enumerate(facts):
        row = CLASSES[fact.type]
        subject = f"{row.element}-{fact.subject}"
        earlier = sent.setdefault((stream_name(row.element, subject), fact.sender), [])
        corrected = fact.corrects is not None and fact.corrects <= len(earlier)
        now += fact.gap
        entries.append(
            recorder.record(
                fact.type,
                {**fact.data, row.subject: subject, "org": fact.org},
                id_=f"fact-{number}",
                sender=fact.sender,
                occurred_at=now - fact.lateness,
                received_at=now,
                node=fact.node,
                corrects=earlier[-(fact.corrects or 1)] if corrected else None,
                sequence=number if number % 3 else None,
                missing=number % 2,
            )
        )
        earlier.append(f"fact-{number}")
    return entries


def records_of(entries: list[Entry]) -> list[LogRecord]:
    """The decoded records."""
    return [_decoder.decode(entry.body) for entry in entries]


def counted(records: list[LogRecord], moment: datetime, length: int) -> dict[tuple[str, ...], int]:
    """Things by (element, organisation, status) at a moment, counted one by one.

    ``length`` is the number of digits to which organisations add up.
    """
    standing: dict[str, tuple[str, str, str]] = {}
    for record in records:
        if record.received_at <= moment:
            (change,) = record.changes
            org = bucket_of(change.to_org, length)
            standing[record.stream] = (record.element, org, change.to_status)
    counts: dict[tuple[str, ...], int] = {}
    for place in standing.values():
        if place[2]:
            counts[place] = counts.get(place, 0) + 1
    return counts
