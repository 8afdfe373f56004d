"""A person's stay as a chain: rooms, checks, interviews, rights, medical, in order.  Pure.

Every fact of the stay that no other corrects stands in one entry, once: an interview that is
told at its start and again at its end is one entry with two facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.dashboard_api.entries import by, entry, joined, moment_in, stated
from services.dashboard_api.facts import Fact, speaking

Entry = dict[str, Any]

OUTSIDE = "outside"


class Presence(NamedTuple):
    """A person in a room; ``until`` is None while it lasts."""

    person_no: str
    room: str
    since: datetime
    until: datetime | None
    kind: str
    """``room`` as moves tell, ``interview`` as an interview names its room."""
    events: tuple[str, ...]


def chain_of(facts: Sequence[Fact]) -> list[Entry]:
    """The chain of one person's stay, from the facts of that person."""
    words = [fact for fact, _ in speaking(facts)]
    entries = [*_rooms(words), *_interviews(words)]
    for fact in words:
        if fact.type in _TOLD:
            entries.append(_TOLD[fact.type](fact))
    entries.sort(key=lambda one: (one["from"], _KINDS.index(one["kind"])))
    return _with_rooms(entries)


def presences(person_no: str, chain: Iterable[Entry]) -> list[Presence]:
    """Where a person was, as far as rooms are named."""
    return [
        Presence(person_no, one["room"], one["from"], one["to"], one["kind"], tuple(one["events"]))
        for one in chain
        if one["kind"] in ("room", "interview") and one["room"] and one["what"] != OUTSIDE
    ]


def _rooms(words: Sequence[Fact]) -> list[Entry]:
    """From move to move; the release ends the last."""
    moves = [fact for fact in words if fact.type == "person.moved"]
    begins = [moment_in(fact, "at") for fact in moves]
    left = [moment_in(f, "left_at") for f in words if f.type == "person.released"]
    entries = []
    for fact, at in zip(moves, begins, strict=True):
        later = [other for other in (*begins, *left[-1:]) if other > at]
        entries.append(
            entry(
                "room",
                [fact],
                begins=at,
                ends=min(later, default=None),
                who=by(fact, "actor", "escort"),
                room=fact.data.get("to_room"),
                what=fact.data["to_kind"],
            )
        )
    return entries


def _interviews(words: Sequence[Fact]) -> list[Entry]:
    """Told at the start, and again with the end."""
    told: dict[tuple[str, datetime], list[Fact]] = {}
    for fact in words:
        if fact.type == "person.interviewed":
            told.setdefault((fact.data["kind"], moment_in(fact, "start")), []).append(fact)
    return [
        entry(
            "interview",
            facts,
            begins=start,
            ends=_last(facts, lambda fact: stated(fact, "end")),
            who=_last(facts, lambda fact: by(fact, "officers")),
            room=_last(facts, lambda fact: fact.data.get("room_id")),
            what=kind,
        )
        for (kind, start), facts in told.items()
    ]


def _last(facts: Sequence[Fact], told: Callable[[Fact], Any]) -> Any:
    """The newest word on something that a later fact may leave out."""
    return next((value for fact in reversed(facts) if (value := told(fact))), None)


def _admitted(fact: Fact) -> Entry:
    at = moment_in(fact, "admitted_at", "arrived_at")
    what = joined(fact.data.get("arrival_mode"), fact.data.get("special_groups"))
    return _instant("admission", fact, at, what, "actor", "handler")


def _searched(fact: Fact) -> Entry:
    begins = moment_in(fact, "start")
    drunk = "饮酒" if fact.data.get("drink") else None
    what = joined(fact.data.get("injuries"), fact.data.get("illness"), drunk)
    who = by(fact, "actor", "witness")
    ends = stated(fact, "end") or begins
    return entry("search", [fact], begins=begins, ends=ends, who=who, room=None, what=what)


def _sampled(fact: Fact) -> Entry:
    what = joined(fact.data.get("medical_result"), fact.data.get("items"))
    return _instant("medical", fact, fact.occurred_at, what, "actor", "approver")


def _checked(fact: Fact) -> Entry:
    given = (("food", "饮食"), ("rest", "休息"))
    what = joined(
        fact.data.get("state"),
        [chinese for field, chinese in given if fact.data.get(field)],
        fact.data.get("medicine"),
    )
    return _instant("check", fact, moment_in(fact, "at"), what, "actor", "checker")


def _rights(fact: Fact) -> Entry:
    what = joined(fact.data["right_code"], fact.data.get("failure_reason"))
    return _instant("rights", fact, moment_in(fact, "at"), what, "actor")


def _released(fact: Fact) -> Entry:
    at = moment_in(fact, "left_at")
    return _instant("release", fact, at, fact.data.get("destination"), "actor", "handover_sign")


def _instant(kind: str, fact: Fact, at: datetime, what: str | None, *who: str) -> Entry:
    return entry(kind, [fact], begins=at, ends=at, who=by(fact, *who), room=None, what=what)


_KINDS = ("admission", "search", "medical", "room", "interview", "check", "rights", "release")
_TOLD: dict[str, Callable[[Fact], Entry]] = {
    "person.admitted": _admitted,
    "person.searched": _searched,
    "person.sampled": _sampled,
    "person.checked": _checked,
    "person.rights_given": _rights,
    "person.released": _released,
}


def _with_rooms(entries: list[Entry]) -> list[Entry]:
    """What names no room of its own happened in the one that the last move named."""
    room = None
    for one in entries:
        if one["kind"] == "room":
            room = one["room"]
        elif one["room"] is None and one["kind"] not in ("admission", "release"):
            one["room"] = room
    return entries
