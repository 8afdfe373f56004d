"""frames(live) == frames(replay): what was on a wall comes back, moment by moment."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.elements import ELEMENTS
from services.backbone.log import LOAD_PREFIX, Entry
from services.dashboard_api.panels import elements
from services.dashboard_api.panels.sources import Sources
from services.dashboard_api.session import PANELS
from tests.dashboard_api.histories import ORGS, START, made_up
from tests.dashboard_api.replaying import SCREEN, Looker, Theatre, wish
from tests.dashboard_api.wall import InsideWall
from tests.dashboard_api.world import PROVINCE, World
from tests.support.records import Recorder

WATCHED = (PROVINCE, "350200000000", "350203000000", "350203500000")
Sent = tuple[datetime, dict[str, dict[str, Any]]]
"""A moment, and what every channel showed then."""


async def counted(world: World, org: str, moment: datetime) -> dict[str, Any]:
    """The frame of each panel at a moment by the full query, silence counted from there."""
    firsts = await world.reads.first_heard()
    speaking = Sources()
    for sender, first in firsts:
        speaking.first_heard(sender, first)
    scope = speaking.scope_for(org, moment)
    senders = [sender for sender, _ in firsts if sender.startswith(scope)]
    levels, heard = await world.reads.counted(moment, senders=senders, org=org)
    rendered: dict[str, object] = {
        element: elements.render(
            levels, heard, SCREEN.listed, element=element, org=org, as_of=moment, sources=scope
        )
        for element in ELEMENTS
    }
    rendered["freshness"] = await world.frames.frame("freshness", org, moment, moment)
    frames: dict[str, Any] = msgspec.to_builtins(rendered)
    return frames


def an_import(number: int, made: random.Random, after: datetime, until: datetime) -> list[Entry]:
    """A load that tells what was known between two moments, of persons of its own."""
    recorder = Recorder()
    spans = sorted(made.random() for _ in range(12))
    return [
        recorder.record(
            made.choice(("person.admitted", "person.searched", "person.released")),
            {"person_no": f"L{number}-{made.randrange(5)}", "org": made.choice(ORGS)},
            id_=f"l{number}-{n}",
            sender="350100000000",
            occurred_at=after - timedelta(hours=1),
            received_at=after + share * (until - after),
            node=f"{LOAD_PREFIX}{number}",
        )
        for n, share in enumerate(spans)
    ]


async def shown_live(world: World, entries: Sequence[Entry], seed: int) -> list[Sent]:
    """Let it all be shown live, with imports and restarts in between; what was sent, when."""
    made, sent = random.Random(seed), list[Sent]()
    live, wall, start, number = None, None, 0, 10
    while start < len(entries):
        end = start + (150 if live is None else made.choice((5, 40, 90)))
        before = world.watermark
        world.take(entries[start:end])
        if live and made.random() < 0.3:
            number += 1
            world.take(an_import(number, made, before, world.watermark))
        if live is None or made.random() < 0.2:
            live = world.live()  # as after a restart: it holds nothing
            await live.tick()
            wall = InsideWall(live)
            for panel in PANELS:
                for org in WATCHED:
                    wall.watch(panel, org)
        await live.tick()
        assert wall is not None
        sent.append((world.watermark, dict(wall.frames)))
        start = end
    return sent


@pytest.mark.parametrize("seed", [3, 17])
async def test_a_replay_shows_what_was_sent_live(world: World, seed: int) -> None:
    """At each moment at which anything was sent, in any order, every panel of every level."""
    sent = await shown_live(world, made_up(seed, facts=420), seed)
    assert len(sent) > 5
    random.Random(seed).shuffle(sent)
    theatre = Theatre(world)
    for org in WATCHED:
        looker = Looker()
        theatre.begin(looker, wish(org, PANELS, START - timedelta(days=5), world.watermark, 60))
        theatre.pause(looker)
        for n, (moment, frames) in enumerate(sent):
            await looker.told(n + 1)
            theatre.seek(looker, moment)
            await looker.told(n + 2)

            for panel in PANELS:
                expected = {**frames[f"{panel}/{org}"], "as_of": looker.pushes[-1]["moment"]}
                assert looker.frames[panel] == expected, (panel, org, moment)
            assert looker.moments[-1] == moment
    await theatre.replays.close()


async def assert_played(
    world: World, theatre: Theatre, org: str, from_: datetime, to: datetime, speed: int,
    late_s: Sequence[float] = (),
) -> Looker:  # fmt: skip
    """Play; every frame of every push is that of the full query at its moment."""
    shown: list[tuple[datetime, dict[str, Any]]] = []

    def heard(looker: Looker) -> None:
        shown.append((looker.moments[-1], dict(looker.frames)))
        theatre.time.s += late_s[len(shown) % len(late_s)] if late_s else 0.0

    looker = Looker(heard)
    theatre.begin(looker, wish(org, PANELS, from_, to, speed))
    await looker.ended()
    for moment, frames in shown:
        expected = await counted(world, org, moment)
        for panel in PANELS:
            assert frames[panel] == expected[panel], (panel, org, moment)
    assert looker.gaps == 0
    assert looker.moments[0] == from_
    assert looker.moments[-1] == to
    return looker


@pytest.mark.parametrize(("org", "hours"), [(PROVINCE, 14), (WATCHED[1], 4), (WATCHED[3], 4)])
async def test_frames_played_over_a_days_end_are_those_of_the_query(
    history: World, org: str, hours: int
) -> None:
    """Where a keyframe lies on the way; for the province into an outage of three hours."""
    theatre = Theatre(history)
    start = START.replace(hour=21, minute=7)

    looker = await assert_played(history, theatre, org, start, start + timedelta(hours=hours), 3600)

    assert len(looker.pushes) == 4 * hours + 1
    assert looker.kinds("person").count("patch") > hours
    assert looker.kinds("freshness").count("patch") > hours


async def test_the_last_frame_is_that_of_http(history: World) -> None:
    """The one way to a frame of the past besides replay answers the same."""
    to = START + timedelta(hours=50)
    looker = await assert_played(
        history, Theatre(history), PROVINCE, to - timedelta(hours=1), to, 3600
    )

    for panel in PANELS:
        frame = await history.frames.frame(panel, PROVINCE, to, to)
        assert looker.frames[panel] == msgspec.to_builtins(frame)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    start_s=st.integers(-5 * 86_400, 59 * 3600),
    steps=st.floats(0.2, 9),
    speed=st.sampled_from((1, 7, 60, 600, 3600)),
    org=st.sampled_from(ORGS),
    late_s=st.lists(st.sampled_from((0.0, 0.1, 0.3, 1.9, 12.0)), max_size=3),
)
async def test_frames_played_are_those_of_the_query(
    history: World, start_s: int, steps: float, speed: int, org: str, late_s: list[float]
) -> None:
    """From anywhere, at any speed, for any organisation, also where moments are left out."""
    from_ = START + timedelta(seconds=start_s)
    to = min(history.watermark, from_ + timedelta(seconds=0.25 * speed * steps))

    await assert_played(history, Theatre(history), org, from_, to, speed, late_s)
