"""The timeline of a case: the case and all that hangs on it, on either axis of time.

``occurred``: as it was, by all that is known now, up to a moment of the world.
``received``: as it was known, up to a moment of receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from schemas.elements import ELEMENTS
from services.backbone.identity import Identity
from services.dashboard_api.fact_reader import facts_of, links_of
from services.dashboard_api.facts import Fact, Key, by_thing, life
from services.dashboard_api.readers import Readers, sql
from services.dashboard_api.told import told

Axis = Literal["occurred", "received"]
Step = tuple[datetime, str]

_PARTS = ("incident", "person", "property", "dossier")
_ORDER = tuple(ELEMENTS)


class Timelines:
    """Tells the story of a case."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def timeline(
        self, identity: Identity, case_no: str, *, axis: Axis, as_of: datetime, known: datetime
    ) -> dict[str, Any] | None:
        """The story up to ``as_of``; None for a case that is not known or out of scope.

        ``known`` is the newest moment of receipt.  Raises WarehouseFailed.
        """
        by_now = min(as_of, known) if axis == "received" else known
        parts = await self._parts(case_no, by_now)
        facts = await facts_of(self._readers, parts, known=by_now)
        told_, facts = told(facts), [f for f in facts if _at(f, axis) <= as_of]
        case = [fact for fact in facts if fact.key == ("case", case_no)]
        if not case or not identity.may_see(case[-1].moved["to_org"]):
            return None
        things = {key: _steps(of_one, axis) for key, of_one in by_thing(facts)}
        rooms, in_rooms = await self._rooms(facts, axis, by_now)
        events = [event for event in [*told_, *told(in_rooms)] if event[f"{axis}_at"] <= as_of]
        return {
            "case_no": case_no,
            "axis": axis,
            "as_of": as_of,
            "things": [
                {"element": key[0], "id": key[1], "spans": _spans(steps)}
                for key, steps in sorted(
                    {**things, **rooms}.items(), key=lambda one: (_ORDER.index(one[0][0]), one[0])
                )
            ],
            "events": sorted(
                events, key=lambda event: (event[f"{axis}_at"], event["node"], event["position"])
            ),
        }

    async def _parts(self, case_no: str, known: datetime) -> list[Key]:
        case = ("case", case_no)
        linked = await links_of(self._readers, [case], known)
        return [case, *(key for key in linked if key[0] in _PARTS)]

    async def _rooms(
        self, facts: Sequence[Fact], axis: Axis, known: datetime
    ) -> tuple[dict[Key, list[Step]], list[Fact]]:
        """The rooms that the facts of the case's persons name, while the persons were there."""
        stays = [fact for fact in facts if fact.element == "person"]
        rooms = sorted({ref for fact in stays for ref in fact.refs if ref[0] == "place"})
        if not rooms:
            return {}, []
        since = min(fact.occurred_at for fact in stays)
        until = max(fact.occurred_at for fact in stays)
        inside = await facts_of(self._readers, rooms, known=known, since=since, until=until)
        before = await self._readers.rows(
            sql("status_before"), {"things": rooms, "known": known, "moment": since}
        )
        steps: dict[Key, list[Step]] = {room: [] for room in rooms}
        for element, id_, status in before:
            steps[element, id_].append((since, status))
        for key, of_one in by_thing(inside):
            in_order = sorted(of_one, key=lambda fact: (_at(fact, axis), fact.version))
            steps[key] += [(_at(fact, axis), fact.moved["to_status"]) for fact in in_order]
        return steps, inside


def _at(fact: Fact, axis: Axis) -> datetime:
    return fact.occurred_at if axis == "occurred" else fact.received_at


def _steps(facts: Sequence[Fact], axis: Axis) -> list[Step]:
    """When one thing came to which status, on an axis."""
    if axis == "occurred":
        return life(facts)
    return [(fact.received_at, fact.moved["to_status"]) for fact in facts]


def _spans(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """From when to when each status held; the last one still does."""
    spans: list[dict[str, Any]] = []
    for at, status in steps:
        if spans and spans[-1]["status"] == status:
            continue
        if spans:
            spans[-1]["to"] = at
        spans.append({"status": status, "from": at, "to": None})
    return [span for span in spans if span["status"]]
