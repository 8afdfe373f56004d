"""Gaps and overlaps: where nothing is known though something should be, and where two things
are told that cannot both be.  Pure.

A **gap of a person** is one of two.  ``out``: from leaving the area for a time to the next fact
that places the person again.  ``unchecked``: from the moment at which the last check said that
the next was due to the next fact that sees the person; not while an interview runs or the person
is out.  That nothing places a person between two facts is no gap: a room holds until the next.

A **gap of a place**, ``unrecorded``: no recording of a channel (治97, 108, 137) while a person of
the case was inside.  An **overlap of a person**: ``two_rooms`` or ``two_interviews`` at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import combinations
from typing import Any

from services.dashboard_api.entries import moment_in, stated
from services.dashboard_api.facts import Fact, speaking
from services.dashboard_api.stays import OUTSIDE, Entry, Presence

Stretch = tuple[datetime, datetime | None]
"""From, to; None while it lasts."""

_DARK = ("gap", "fault", "offline")


def gaps_of_stay(
    chain: Sequence[Entry], next_due: Iterable[tuple[datetime, datetime]], moment: datetime
) -> list[dict[str, Any]]:
    """The gaps of a stay up to a moment; ``next_due`` has when a check was and what it set."""
    out = outings(chain)
    busy = [*out, *((e["from"], e["to"]) for e in chain if e["kind"] == "interview")]
    found = [_gap("out", stretch) for stretch in out]
    for checked, due in next_due:
        seen = [e["from"] for e in chain if e["from"] > checked]
        stretch = (due, min(seen, default=None))
        if _is_gap(stretch, moment) and not any(_holds(other, due) for other in busy):
            found.append(_gap("unchecked", stretch))
    return sorted(found, key=lambda gap: (gap["from"], gap["kind"]))


def due_checks(facts: Sequence[Fact]) -> list[tuple[datetime, datetime]]:
    """When each check of a stay was, and when it said that the next was due."""
    return [
        (moment_in(fact, "at"), due)
        for fact, _ in speaking(facts)
        if fact.type == "person.checked" and (due := stated(fact, "next_due"))
    ]


def outings(chain: Sequence[Entry]) -> list[Stretch]:
    """The stretches in which a person was out of the area for a time."""
    placing = [e for e in chain if e["kind"] in ("room", "interview", "release")]
    found: list[Stretch] = []
    for n, one in enumerate(placing):
        if one["what"] == OUTSIDE and one["kind"] == "room":
            back = [
                e["from"] for e in placing[n + 1 :] if e["kind"] != "room" or e["what"] != OUTSIDE
            ]
            if not found or not _holds(found[-1], one["from"]):
                found.append((one["from"], min(back, default=None)))
    return found


def overlaps_of_stay(there: Sequence[Presence]) -> list[dict[str, Any]]:
    """Where one person is told to be in two rooms, or in two interviews, at once."""
    found = []
    for one, other in combinations(there, 2):
        both = _common((one.since, one.until), (other.since, other.until))
        interviews = one.kind == other.kind == "interview"
        if both is None or (one.room == other.room and not interviews):
            continue
        found.append(
            {
                "kind": "two_interviews" if interviews else "two_rooms",
                "from": both[0],
                "to": both[1],
                "rooms": sorted({one.room, other.room}),
                "events": [*one.events, *other.events],
            }
        )
    return sorted(found, key=lambda overlap: overlap["from"])


def gaps_of_place(
    facts: Sequence[Fact], inside: Sequence[Presence], dark_since: datetime | None = None
) -> list[dict[str, Any]]:
    """Where a room was not recorded while persons of the case were inside.

    ``dark_since`` says that it was not recorded when ``facts`` begin, by a channel that nothing
    here names.
    """
    found = []
    for channel, dark in _channels(facts, dark_since):
        for one in inside:
            if both := _common(dark, (one.since, one.until)):
                gap = {**_gap("unrecorded", both), "channel": channel, "person_no": one.person_no}
                if gap not in found:
                    found.append(gap)
    return sorted(found, key=lambda gap: (gap["from"], gap["person_no"]))


def _channels(
    facts: Sequence[Fact], dark_since: datetime | None
) -> Iterator[tuple[str | None, Stretch]]:
    """Each channel's stretches without recording, those that touch as one."""
    by_channel: dict[str | None, list[Stretch]] = {}
    begun: dict[str | None, datetime] = {} if dark_since is None else {None: dark_since}
    for fact in (f for f, _ in speaking(facts) if f.type == "recording.status_changed"):
        channel, since, until = (
            fact.data["channel"],
            stated(fact, "gap_from"),
            stated(fact, "gap_to"),
        )
        stretches = by_channel.setdefault(channel, [])
        if since and until:
            stretches.append((since, until))
        if fact.data["state"] in _DARK:
            begun.setdefault(channel, until or since or fact.occurred_at)
            continue
        ends = until or fact.occurred_at
        for one in {channel, None} & begun.keys():
            by_channel.setdefault(one, []).append((begun.pop(one), ends))
    for channel, since in begun.items():
        by_channel.setdefault(channel, []).append((since, None))
    for channel, stretches in by_channel.items():
        for stretch in _merged(stretches):
            yield channel, stretch


def _merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for since, until in sorted(stretches, key=lambda s: s[0]):
        last = merged[-1][1] if merged else since
        if merged and (last is None or since <= last):
            later = None if last is None or until is None else max(last, until)
            merged[-1] = (merged[-1][0], later)
        else:
            merged.append((since, until))
    return merged


def _common(one: Stretch, other: Stretch) -> Stretch | None:
    """The stretch that two share; None where they share nothing that lasts."""
    since = max(one[0], other[0])
    ends = [end for end in (one[1], other[1]) if end is not None]
    until = min(ends, default=None)
    return (since, until) if until is None or since < until else None


def _holds(stretch: Stretch, moment: datetime) -> bool:
    return stretch[0] <= moment and (stretch[1] is None or moment < stretch[1])


def _is_gap(stretch: Stretch, moment: datetime) -> bool:
    """Whether it lasted: a check that is due later than now is no gap yet."""
    return stretch[0] < (stretch[1] or moment)


def _gap(kind: str, stretch: Stretch) -> dict[str, Any]:
    return {"kind": kind, "from": stretch[0], "to": stretch[1]}
