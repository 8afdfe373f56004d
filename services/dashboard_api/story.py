"""The story of a case, put together from facts.  Pure.

On the axis ``occurred`` all that is known speaks, up to a moment of the world; on ``received``
what was known speaks, as it was received.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from schemas.elements import ELEMENTS
from schemas.things import fact_id
from services.dashboard_api.facts import Fact, Key, by_thing, corrections, life
from services.dashboard_api.reach import Stay
from services.dashboard_api.seams import (
    due_checks,
    gaps_of_place,
    gaps_of_stay,
    overlaps_of_stay,
)
from services.dashboard_api.stays import Presence, chain_of, presences
from services.dashboard_api.within_case import documents_of, measures_of

Axis = Literal["occurred", "received"]
Step = tuple[datetime, str]

DARK = ("blind", "offline")
_ORDER = tuple(ELEMENTS)


class Seen(NamedTuple):
    """The facts of a case's things on an axis, up to a moment."""

    axis: Axis
    as_of: datetime
    known: Sequence[Fact]
    """All that are known, by thing and version."""
    facts: Sequence[Fact]
    """Those up to the moment."""
    speaking: Sequence[Fact]
    """Those of them that no known fact corrects."""


class Rooms(NamedTuple):
    """The rooms in which persons of the case were."""

    before: Mapping[Key, str]
    """Their statuses when the first of the persons came."""
    since: datetime
    told: Sequence[Fact]
    """Facts of the rooms while the persons were there."""
    read: Sequence[Fact]
    """These, and some of the time after: a recording that broke off is told when it is back."""


def seen(facts: Sequence[Fact], axis: Axis, as_of: datetime) -> Seen:
    """What of some facts can be seen."""
    corrected = corrections(facts)
    until = [fact for fact in facts if at(fact, axis) <= as_of]
    speaking = [f for f in until if (f.key, fact_id(f.source, f.id)) not in corrected]
    return Seen(axis, as_of, facts, until, speaking)


def stay_of(case: Seen) -> Stay | None:
    """The rooms that the facts of the case's persons name, and from their first to their last."""
    facts = [fact for fact in case.facts if fact.element == "person"]
    rooms = frozenset(ref for fact in facts for ref in fact.refs if ref[0] == "place")
    if not rooms:
        return None
    moments = [fact.occurred_at for fact in facts]
    return Stay(rooms, min(moments), max(moments))


def things_of(case: Seen, rooms: Rooms | None) -> list[dict[str, Any]]:
    """Each thing with its spans, gaps and overlaps, in the order of the elements."""
    steps = {key: _steps(of_one, case) for key, of_one in by_thing(case.known)}
    visible = {fact.key for fact in case.facts}
    persons = _persons(case)
    inside = [one for _, there in persons.values() for one in there]
    found: dict[Key, dict[str, Any]] = {}
    for key in visible:
        gaps, there = persons.get(key, ([], []))
        found[key] = _thing(key, steps[key], gaps, overlaps_of_stay(there))
    if rooms:
        found |= {key: _room(key, rooms, inside, case) for key in rooms.before}
    return [found[key] for key in sorted(found, key=lambda k: (_ORDER.index(k[0]), k))]


def within(case: Seen, key: Key) -> dict[str, list[dict[str, Any]]]:
    """The measures and documents of the case."""
    facts = [fact for fact in case.speaking if fact.key == key]
    return {"measures": measures_of(facts, case.as_of), "documents": documents_of(facts)}


def at_the_end(things: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Of each element the things that have a status in the end, and since when."""
    found: dict[str, list[dict[str, Any]]] = {element: [] for element in ELEMENTS}
    for thing in things:
        if thing["spans"]:
            last = thing["spans"][-1]
            found[thing["element"]].append(
                {"id": thing["id"], "status": last["status"], "since": last["from"]}
            )
    return found


def at(fact: Fact, axis: Axis) -> datetime:
    """When a fact stands on an axis."""
    return fact.occurred_at if axis == "occurred" else fact.received_at


def _persons(case: Seen) -> dict[Key, tuple[list[dict[str, Any]], list[Presence]]]:
    """Of each person of the case the gaps, and where the person was."""
    found = {}
    for key, facts in by_thing(case.speaking):
        if key[0] == "person":
            chain = chain_of(facts)
            gaps = gaps_of_stay(chain, due_checks(facts), case.as_of)
            found[key] = (gaps, presences(key[1], chain))
    return found


def _room(key: Key, rooms: Rooms, inside: Sequence[Presence], case: Seen) -> dict[str, Any]:
    facts = sorted(
        (fact for fact in rooms.told if fact.key == key),
        key=lambda fact: (at(fact, case.axis), fact.version),
    )
    before = rooms.before[key]
    steps = [(rooms.since, before)] if before else []
    steps += [(at(fact, case.axis), fact.moved["to_status"]) for fact in facts]
    there = [one for one in inside if one.room == key[1]]
    read = seen([f for f in rooms.read if f.key == key], case.axis, case.as_of).speaking
    gaps = gaps_of_place(read, there, rooms.since if before in DARK else None)
    return _thing(key, [s for s in steps if s[0] <= case.as_of], gaps, [])


def _thing(
    key: Key, steps: Sequence[Step], gaps: list[dict[str, Any]], overlaps: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "element": key[0],
        "id": key[1],
        "spans": spans(steps),
        "gaps": gaps,
        "overlaps": overlaps,
    }


def _steps(facts: Sequence[Fact], case: Seen) -> list[Step]:
    """When one thing came to which status, on an axis, up to the moment."""
    if case.axis == "occurred":
        return [step for step in life(facts) if step[0] <= case.as_of]
    return [(f.received_at, f.moved["to_status"]) for f in facts if f.received_at <= case.as_of]


def spans(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """From when to when each status held; the last one still does."""
    found: list[dict[str, Any]] = []
    for moment, status in steps:
        if found and found[-1]["status"] == status:
            continue
        if found:
            found[-1]["to"] = moment
        found.append({"status": status, "from": moment, "to": None})
    return [span for span in found if span["status"]]
