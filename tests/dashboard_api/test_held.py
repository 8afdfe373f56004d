"""What live holds: level with the views, and never with a part of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from services.backbone.log import LOAD_PREFIX, Entry
from services.backbone.progress import Applied
from services.dashboard_api.held import PATIENCE_S, Keeper
from tests.dashboard_api.histories import START, made_up, record_in
from tests.dashboard_api.world import World, levels_by_hand
from tests.support.records import Recorder

LIVE = [e for e in made_up(21, facts=160) if not e.node.startswith(LOAD_PREFIX)]


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.s


@pytest.fixture
def clock() -> Clock:
    """At zero."""
    return Clock()


@pytest.fixture
def keeper(world: World, clock: Clock) -> Keeper:
    """Holds nothing yet."""
    return Keeper(world.reads, world.metrics, reload_positions=10_000, clock_s=clock)


def insert(world: World, entries: Sequence[Entry]) -> None:
    """Put entries into the views without a word."""
    world.writing.insert_json("events", b"\n".join(entry.body for entry in entries))


def upto(world: World, entries: Sequence[Entry], moment: datetime | None = None) -> Applied:
    """A report of the last position of each node, and of the last moment or another."""
    records = [record_in(entry) for entry in entries]
    last = max(record.received_at for record in records)
    world.progress.applied({r.node: r.position for r in records}, moment or last)
    return world.progress.snapshot()


def cells(keeper: Keeper) -> dict[tuple[str, str, str], int]:
    """The levels that are held."""
    assert keeper.held is not None
    return {tuple(cell): n for cell, n in keeper.held.levels.cells.items() if n}  # type: ignore[misc]  # three texts


def by_hand(entries: Sequence[Entry], moment: datetime) -> dict[tuple[str, str, str], int]:
    """The same, counted one by one."""
    return {cell: n for cell, n in levels_by_hand(entries, moment).items() if n}


async def test_a_step_with_missing_rows_is_not_made(world: World, keeper: Keeper) -> None:
    """What was shown stays, with its moment, until all that came is there."""
    insert(world, LIVE[:100])
    before = upto(world, LIVE[:100])
    await keeper.reload(before)
    insert(world, [*LIVE[100:120], *LIVE[121:130]])
    reported = upto(world, LIVE[:130])
    await keeper.advance(reported)
    assert keeper.applied == before
    assert cells(keeper) == by_hand(LIVE[:100], before.watermark)

    insert(world, LIVE[120:121])
    await keeper.advance(reported)
    assert keeper.applied == reported
    assert cells(keeper) == by_hand(LIVE[:130], reported.watermark)


async def test_a_replica_that_always_lags_still_moves(world: World, keeper: Keeper) -> None:
    """What was once asked for is asked for again, not ever newer things that never are there."""
    insert(world, LIVE[:100])
    await keeper.reload(upto(world, LIVE[:100]))
    reached = []
    for end in range(110, 160, 10):
        await keeper.advance(upto(world, LIVE[:end]))
        insert(world, LIVE[end - 10 : end])
        reached.append(keeper.applied.positions["main"])

    assert reached == [100, 110, 110, 130, 130]


async def test_rows_that_never_come_are_not_waited_for_for_ever(
    world: World, keeper: Keeper, clock: Clock
) -> None:
    """After a while everything is counted anew, as it stands."""
    insert(world, LIVE[:100])
    await keeper.reload(upto(world, LIVE[:100]))
    insert(world, LIVE[101:130])
    reported = upto(world, LIVE[:130])
    await keeper.advance(reported)
    clock.s = PATIENCE_S
    assert not keeper.must_reload(reported)
    await keeper.advance(reported)
    assert keeper.must_reload(reported)
    await keeper.reload(reported)

    assert keeper.applied == reported
    assert world.metrics.missing_rows._value.get() == 1


async def test_counting_anew_waits_for_missing_rows_too(
    world: World, keeper: Keeper, clock: Clock
) -> None:
    """A new dashboard on a replica that lags shows nothing rather than a part."""
    insert(world, LIVE[:90])
    reported = upto(world, LIVE[:100])
    await keeper.reload(reported)
    assert keeper.held is None
    insert(world, LIVE[90:100])
    await keeper.reload(reported)

    assert cells(keeper) == by_hand(LIVE[:100], reported.watermark)


async def test_what_was_set_aside_is_not_missing(world: World, keeper: Keeper) -> None:
    """A record that could not be read has a position, and no row."""
    insert(world, LIVE[:100])
    await keeper.reload(upto(world, LIVE[:100]))
    insert(world, [*LIVE[100:120], *LIVE[121:130]])
    world.writing.command(
        "INSERT INTO set_aside (partition, offset, node, position)"
        " VALUES ('0', 7, 'main', 121), ('0', 8, 'main', 121), ('0', 9, 'main', 122)"
    )
    reported = upto(world, LIVE[:130])
    await keeper.advance(reported)

    assert keeper.applied == reported


@pytest.mark.parametrize("reload", [True, False])
async def test_a_node_that_is_further_waits_for_the_others(
    world: World, keeper: Keeper, *, reload: bool
) -> None:
    """Nothing is shown before its moment, and everything at it, counted anew or added."""
    insert(world, LIVE)
    received = [record_in(entry).received_at for entry in LIVE]
    if not reload:
        await keeper.reload(upto(world, LIVE[:40]))
    for index in (60, 61, 90, 159):
        ahead = LIVE[: min(160, index + 50)]
        applied = upto(world, ahead, received[index])
        await (keeper.reload if reload and index == 60 else keeper.advance)(applied)

        assert cells(keeper) == by_hand(LIVE, received[index])


async def test_a_long_lead_is_found(world: World, keeper: Keeper) -> None:
    """However many positions a node is ahead of the moment."""
    insert(world, LIVE)
    start = record_in(LIVE[0]).received_at - timedelta(seconds=1)
    for tail in (1, 7, 1000):
        world.reads.tail = tail
        early = await world.reads.beyond(start, {"main": 160})

        assert [fact.place for fact in early.came] == [("main", e.position) for e in LIVE]
        assert early.whole


def of_two_nodes(seed: int, facts: int = 120) -> list[Entry]:
    """Persons who come and go, told by the ingest nodes of two cities."""
    made, recorder, now = random.Random(seed), Recorder(), START
    entries = []
    for number in range(facts):
        now += timedelta(seconds=made.expovariate(1 / 60))
        type_ = made.choice(["person.admitted", "person.moved", "person.released"])
        node, person = made.choice([("main", "R"), ("xiamen", "X")]), made.randrange(12)
        moved = {"to_kind": "waiting"} if type_ == "person.moved" else {}
        entries.append(
            recorder.record(
                type_,
                {"person_no": f"{node[1]}{person}", "org": "350203500000", **moved},
                id_=str(number),
                sender="350203000000",
                occurred_at=now,
                received_at=now,
                node=node[0],
            )
        )
    return entries


@pytest.mark.parametrize("seed", range(6))
async def test_nodes_that_go_at_their_own_pace_are_shown_at_one_moment(
    world: World, keeper: Keeper, seed: int
) -> None:
    """Whatever each is complete up to, the numbers are those of the slowest one's moment."""
    made, entries = random.Random(seed), of_two_nodes(seed)
    insert(world, entries)
    records = [record_in(entry) for entry in entries]
    at = {"main": 0, "xiamen": 0}
    while min(at.values()) < len(records) - 1:
        for node in at:
            at[node] = min(len(records) - 1, at[node] + made.randrange(25))
        moment = min(records[index].received_at for index in at.values())
        for node, index in at.items():
            known = [r.position for r in records[: index + 1] if r.node == node]
            world.progress.applied({node: max(known, default=0)}, moment)
        applied = world.progress.snapshot()
        if keeper.must_reload(applied) or made.random() < 0.2:
            await keeper.reload(applied)
        else:
            await keeper.advance(applied)

        assert cells(keeper) == by_hand(entries, moment)
        assert await keeper.check(world.reads, world.progress) == []
