"""Lists are what the numbers promise; a thing tells all that is known of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.classes import CLASSES
from schemas.elements import ELEMENTS
from schemas.organisations import scope_of
from schemas.things import Thing, fact_id, word_of
from services.backbone.identity import Identity
from services.dashboard_api.cursor import BEGINNING, read
from services.dashboard_api.drilldown import Wish
from services.dashboard_api.panels.levels import total
from tests.dashboard_api.histories import ORGS, START, record_in
from tests.dashboard_api.world import PROVINCE, World

SECONDS = st.integers(min_value=-5 * 86_400, max_value=62 * 3600)
ORGANISATIONS = st.sampled_from((PROVINCE, *ORGS))
NAMES = st.sampled_from(sorted(ELEMENTS))
EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SUPERVISOR = Identity(PROVINCE, "supervisor", "t1")


def wish(element: str, org: str, limit: int = 500, status: str | None = None) -> Wish:
    statuses = [status] if status else sorted(ELEMENTS[element].active)
    return Wish(element, org, statuses, limit)


@EXAMPLES
@given(seconds=SECONDS, org=ORGANISATIONS, element=NAMES)
async def test_a_list_is_as_long_as_its_number(
    history: World, seconds: int, org: str, element: str
) -> None:
    """At any moment a list holds just the things that the panel counts."""
    as_of = START + timedelta(seconds=seconds)
    levels = await history.reads.levels(as_of, org=org)

    page = await history.drilldown.as_known(wish(element, org), BEGINNING, as_of)

    assert len(page["items"]) == total(element, levels.statuses(element, org))
    for status, n in levels.statuses(element, org).items():
        one = wish(element, org, status=status)
        listed = await history.drilldown.as_known(one, BEGINNING, as_of)
        assert [item["status"] for item in listed["items"]] == [status] * n


@EXAMPLES
@given(org=ORGANISATIONS, element=NAMES)
async def test_the_present_list_is_that_of_the_newest_moment(
    history: World, org: str, element: str
) -> None:
    """Without a moment the list of the current view is the same as the list as known now."""
    now = await history.drilldown.now(wish(element, org), BEGINNING)
    known = await history.drilldown.as_known(wish(element, org), BEGINNING, history.watermark)

    assert now["items"] == known["items"]


@EXAMPLES
@given(seconds=SECONDS, org=ORGANISATIONS, element=NAMES)
async def test_as_it_was_is_the_fold_of_what_happened_until_then(
    history: World, seconds: int, org: str, element: str
) -> None:
    """On the other axis a list holds the things as all facts known now tell that moment."""
    moment = START + timedelta(seconds=seconds)

    page = await history.drilldown.as_was(wish(element, org), BEGINNING, moment, history.watermark)

    listed = {item["id"]: (item["status"], item["org"], item["state"]) for item in page["items"]}
    assert listed == as_it_was(history, element, org, moment)


def as_it_was(world: World, element: str, org: str, moment: datetime) -> dict[str, Any]:
    """The same from the log alone, folded with schemas.things."""
    records = [r for r in map(record_in, world.entries) if r.element == element]
    records.sort(key=lambda r: (r.stream, r.version))
    corrected = {(r.stream, fact_id(r.source, r.corrects)) for r in records if r.corrects}
    things: dict[str, Thing] = {}
    for record in records:
        thing = things.setdefault(record.subject, Thing(element, record.subject))
        thing.sender = thing.sender or record.sender
        id_ = fact_id(record.source, record.id)
        if (record.stream, id_) not in corrected and record.occurred_at <= moment:
            row = CLASSES[record.type]
            data = msgspec.json.decode(record.data, type=row.struct)
            thing.place(
                word_of(
                    row,
                    data,
                    fact_id=id_,
                    occurred_at=record.occurred_at,
                    version=record.version,
                )
            )
    return {
        id_: (thing.status, thing.org, thing.fields())
        for id_, thing in things.items()
        if thing.status in ELEMENTS[element].active and thing.org.startswith(scope_of(org))
    }


@EXAMPLES
@given(seconds=SECONDS, limit=st.integers(1, 9), axis=st.sampled_from(["now", "known", "was"]))
async def test_pages_join_to_the_whole_list(
    history: World, seconds: int, limit: int, axis: str
) -> None:
    """Page by page, on every axis, gives the list in one piece and in order."""
    moment = START + timedelta(seconds=seconds)

    async def page(of: int, cursor: str | None) -> dict[str, Any]:
        wanted, at = wish("place", PROVINCE, of), read(cursor)
        if axis == "now":
            return await history.drilldown.now(wanted, at)
        if axis == "known":
            return await history.drilldown.as_known(wanted, at, moment)
        return await history.drilldown.as_was(wanted, at, moment, history.watermark)

    whole = await page(500, None)
    joined, cursor = [], None
    while True:
        part = await page(limit, cursor)
        joined += part["items"]
        cursor = part["next"]
        if cursor is None:
            break
        assert len(part["items"]) == limit

    assert joined == whole["items"]
    assert [(i["since"], i["id"]) for i in joined] == sorted((i["since"], i["id"]) for i in joined)


async def test_a_thing_tells_its_facts_and_links(history: World) -> None:
    """State, events in the order of receipt with their chain, and what it is linked to."""
    thing = await history.drilldown.thing(SUPERVISOR, ("case", "A3"), history.watermark)

    assert thing is not None
    records = [r for r in map(record_in, history.entries) if r.stream == "case/A3"]
    assert [event["id"] for event in thing["events"]] == [r.id for r in records]
    assert thing["status"] == records[-1].changes[0].to_status
    assert thing["state"] == records[-1].state
    assert {"element": "incident", "id": "J3"} in thing["links"]
    assert {"element": "person", "id": "R3"} in thing["links"]


async def test_a_thing_is_told_as_it_was_known(history: World) -> None:
    """At a past moment only what had been received by then is told."""
    records = [r for r in map(record_in, history.entries) if r.stream == "person/R2"]
    middle = records[len(records) // 2]

    thing = await history.drilldown.thing(SUPERVISOR, ("person", "R2"), middle.received_at)

    assert thing is not None
    assert thing["events"][-1]["id"] == middle.id
    assert thing["status"] == middle.changes[0].to_status
    assert thing["org"] == middle.org


async def test_late_facts_are_marked(history: World) -> None:
    """A fact that happened before another of its thing that was known already is late."""
    records = [r for r in map(record_in, history.entries) if r.stream == "person/R2"]
    newest, expected = START - timedelta(days=99), []
    for record in records:
        expected.append(record.occurred_at < newest)
        newest = max(newest, record.occurred_at)

    thing = await history.drilldown.thing(SUPERVISOR, ("person", "R2"), history.watermark)

    assert thing is not None
    assert [event["late"] for event in thing["events"]] == expected
    assert any(expected)


async def test_things_outside_the_scope_do_not_exist(history: World) -> None:
    """Someone of another province finds nothing, not even that there is something."""
    stranger = Identity("110000000000", "supervisor", "t2")

    assert await history.drilldown.thing(stranger, ("case", "A3"), history.watermark) is None


async def test_a_thing_that_is_only_named_is_not_found(history: World) -> None:
    """A thing without a fact of its own cannot be opened."""
    assert await history.drilldown.thing(SUPERVISOR, ("case", "X"), history.watermark) is None
