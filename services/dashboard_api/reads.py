"""What the panels ask of the warehouse: numbers of a moment, and what came between two."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from os.path import commonprefix
from typing import Any, NamedTuple

from schemas.elements import ELEMENTS
from schemas.organisations import scope_of
from services.backbone.errors import WarehouseFailed
from services.backbone.log import LOAD_PREFIX
from services.dashboard_api.microseconds import EPOCH, moment_of_us
from services.dashboard_api.moment import Moments, either
from services.dashboard_api.panels.buckets import (
    BUCKET_S,
    BUCKETS,
    bucket_of_moment,
    moment_of,
)
from services.dashboard_api.panels.levels import Flow, Levels
from services.dashboard_api.panels.sources import LAG_WINDOW, Arrival, Heard, Sources
from services.dashboard_api.readers import Readers, Row, sql

EVERY = tuple(ELEMENTS)
ALL_DIGITS = 12
TAIL = 1_000
"""So many of the last positions are looked through for what is newer than a moment."""
ATTEMPTS = 3
"""So often levels are asked for while the keyframes that they rest on are emptied meanwhile."""
REACHES = (timedelta(hours=1), timedelta(days=1), None)
"""How far back a source is looked for, step by step; at last through all of history."""
_SET_ASIDE = "SELECT DISTINCT node, position FROM set_aside WHERE [stretches]"


class Counted(NamedTuple):
    """What an element's panel rests on."""

    levels: Levels
    heard: Heard


class Came(NamedTuple):
    """One fact that came in, and what it moved."""

    arrival: Arrival
    flows: list[Flow]
    place: tuple[str, int]
    """Its node and position."""


class Stretch(NamedTuple):
    """What came between two sets of positions."""

    came: list[Came]
    whole: bool
    """Whether all of it was there: positions have no holes, but a replica may lag."""


class Reads:
    """The questions of the panels, each one query or a few."""

    def __init__(self, readers: Readers, moments: Moments) -> None:
        self._readers = readers
        self._moments = moments
        self.tail = TAIL

    async def counted(
        self,
        as_of: datetime,
        *,
        senders: Iterable[str],
        elements: Sequence[str] = EVERY,
        org: str | None = None,
    ) -> Counted:
        """Levels with the day's moves: of one organisation, or of all by station.

        ``senders`` are those whose silence makes a trend unknown.  The two questions are asked
        at once: half of what they cost is planning them.  Raises WarehouseFailed.
        """
        senders = sorted(senders)
        levels, trends = await asyncio.gather(
            self.levels(as_of, elements=elements, org=org),
            self._trends(as_of, senders, elements, org),
        )
        whole, together = org or "", commonprefix(senders)  # noqa: RUF071 - codes, not paths
        heard = Heard()
        for kind, element, code, bucket, n in trends:
            if kind == "move":
                levels.add_move(element, code or whole, bucket, n)
            else:
                heard.add(code or together, bucket)
        return Counted(levels, heard)

    async def _trends(
        self, as_of: datetime, senders: Sequence[str], elements: Sequence[str], org: str | None
    ) -> list[Row]:
        """The day's moves and when those senders were heard: of one organisation, or by code."""
        newest = bucket_of_moment(as_of)
        active, statuses = active_in(elements)
        asked = {
            **statuses,
            "scope": "" if org is None else scope_of(org),
            "trend_digits": ALL_DIGITS if org is None else 0,
            "trend_from": moment_of(newest - (BUCKETS - 1) * BUCKET_S),
            "senders": senders,
            "heard_digits": 6 if org is None else 0,
            "heard_from": moment_of(newest - (BUCKETS + 1) * BUCKET_S),
            "as_of": as_of,
        }
        return await self._readers.rows(sql("trends").replace("[active]", active), asked)

    async def levels(
        self, as_of: datetime, *, elements: Sequence[str] = EVERY, org: str | None = None
    ) -> Levels:
        """Levels alone; raises WarehouseFailed, also when keyframes are emptied time and again."""
        asked = {
            "elements": [*elements, ""],
            "scope": "" if org is None else scope_of(org),
            "digits": digits_for(org),
            "as_of": as_of,
        }
        for _ in range(ATTEMPTS):
            bounds = await self._moments.bounds(as_of)
            query = bounds.fill(sql("levels"))
            rows = await self._readers.rows(query, {**bounds.parameters, **asked})
            levels, rested_on = _levels(rows)
            if rested_on == bounds.rest_on:
                return levels
            self._moments.forget()
        raise WarehouseFailed(None, "keyframes are being made anew", temporary=True)

    async def first_heard(self) -> list[tuple[str, datetime]]:
        """When each source was heard for the first time; raises WarehouseFailed."""
        rows = await self._readers.rows(sql("sources"), {})
        return [(sender, moment_of_us(first)) for sender, first in rows]

    async def sources(self, as_of: datetime, firsts: Iterable[tuple[str, datetime]]) -> Sources:
        """Those sources as they were at a moment, each with when it was first heard.

        Most were heard within the hour before; older history is read for the others alone.
        Raises WarehouseFailed.
        """
        sources = Sources()
        for sender, first in firsts:
            if first <= as_of:
                sources.first_heard(sender, first)
        found: list[Arrival] = []
        silent = sources.senders()
        for span in REACHES:
            since = EPOCH if span is None else as_of - span
            window = EPOCH if span is None else since - LAG_WINDOW
            arrivals = await self._window(as_of, window, silent)
            heard = {a.sender for a in arrivals if a.received_at > since}
            found += [a for a in arrivals if a.sender in heard]
            silent = silent - heard
        for arrival in sorted(found, key=lambda a: a.received_at):
            sources.add(arrival)
        return sources

    async def _window(
        self, as_of: datetime, since: datetime, senders: Collection[str]
    ) -> list[Arrival]:
        if not senders:
            return []
        parameters = {"senders": sorted(senders), "since": since, "as_of": as_of}
        return _arrivals(await self._readers.rows(sql("freshness"), parameters))

    async def came(self, after: Mapping[str, int], until: Mapping[str, int]) -> Stretch:
        """What came on the live nodes between two sets of positions, in the order of receipt.

        Raises WarehouseFailed.
        """
        conditions: list[str] = []
        parameters: dict[str, Any] = {}
        expected = 0
        for i, (node, position) in enumerate(sorted(until.items())):
            first = after.get(node, 0)
            if position > first and not node.startswith(LOAD_PREFIX):
                expected += position - first
                parameters |= {f"node_{i}": node, f"after_{i}": first, f"until_{i}": position}
                conditions.append(
                    f"(node = {{node_{i}:String}}"
                    f" AND position BETWEEN {{after_{i}:UInt64}} + 1 AND {{until_{i}:UInt64}})"
                )
        if not conditions:
            return Stretch([], True)
        stretches = " OR ".join(conditions)
        query = sql("events_after").replace("[stretches]", stretches)
        came = [_came(row) for row in await self._readers.rows(query, parameters)]
        if len(came) < expected:
            query = _SET_ASIDE.replace("[stretches]", stretches)
            aside = {tuple(row) for row in await self._readers.rows(query, parameters)}
            expected -= len(aside - {fact.place for fact in came})
        return Stretch(came, len(came) >= expected)

    async def beyond(self, moment: datetime, until: Mapping[str, int]) -> Stretch:
        """What of the live nodes' last positions was received later than a moment.

        Whole says that none of the last ones is missing.  Raises WarehouseFailed.
        """
        span, reached = self.tail, dict(until)
        found = Stretch([], True)
        while reached:
            after = {node: max(0, position - span) for node, position in reached.items()}
            part = await self.came(after, reached)
            later = [fact for fact in part.came if fact.arrival.received_at > moment]
            found = Stretch([*later, *found.came], found.whole and part.whole)
            lowest: dict[str, datetime] = {}
            for fact in part.came:
                lowest.setdefault(fact.place[0], fact.arrival.received_at)
            reached = {n: p for n, p in after.items() if p and lowest.get(n, moment) > moment}
            span *= 8
        return Stretch(sorted(found.came, key=lambda f: f.arrival.received_at), found.whole)


def digits_for(org: str | None) -> int:
    """How fine the codes must be for the frame of an organisation: counties, or stations."""
    return ALL_DIGITS if org is None or len(scope_of(org)) >= 6 else 6


def _levels(rows: Iterable[Row]) -> tuple[Levels, int]:
    """The levels, and how many keyframes they rest on."""
    levels, keyframes = Levels(), 0
    for element, code, status, n, summed in rows:
        if not element:
            keyframes += summed
        elif n:
            levels.add_level(element, code, status, n)
    return levels, keyframes


def active_in(elements: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The condition for the active statuses of some elements, and its parameters."""
    conditions, parameters = [], dict[str, Any]()
    for i, element in enumerate(elements):
        parameters[f"element_{i}"] = element
        parameters[f"active_{i}"] = sorted(ELEMENTS[element].active)
        conditions.append(
            f"element = {{element_{i}:String}} AND status IN {{active_{i}:Array(String)}}"
        )
    return either(conditions), parameters


def _arrivals(rows: Iterable[Row]) -> list[Arrival]:
    return [
        Arrival(
            sender, moment_of_us(received), moment_of_us(occurred), moment_of_us(recorded), missing
        )
        for sender, received, occurred, recorded, missing in rows
    ]


def _came(row: Row) -> Came:
    sender, received, occurred, recorded, missing, node, position, *changes = row
    received_at = moment_of_us(received)
    arrival = Arrival(sender, received_at, moment_of_us(occurred), moment_of_us(recorded), missing)
    bucket = bucket_of_moment(received_at)
    flows = [flow for one in zip(*changes, strict=True) for flow in _flows(one, bucket)]
    return Came(arrival, flows, (node, position))


def _flows(change: Row, bucket: int) -> Iterator[Flow]:
    """The same as the view ``flows``: a thing left where it was and came where it is."""
    element, from_org, from_status, to_org, to_status = change
    if (from_org, from_status) != (to_org, to_status):
        if from_status:
            yield Flow(element, from_org, from_status, bucket, -1)
        if to_status:
            yield Flow(element, to_org, to_status, bucket, 1)
