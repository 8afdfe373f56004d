"""A dashboard in a process of its own learns from the warehouse how far the views are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.backbone.identity import Issuer
from services.backbone.log import Complete
from services.backbone.progress import NEVER, Progress
from services.backbone.settings import from_environment
from services.backbone.telemetry import Metrics
from services.dashboard_api import Dashboard, application
from services.dashboard_api.checkpoints import Follower, Node, silent, watermark_of
from services.projector.checkpoints import Checkpointer
from services.projector.extent import Extent
from services.projector.holes import Holes
from tests.dashboard_api.histories import made_up, record_in
from tests.dashboard_api.site import until
from tests.dashboard_api.world import FUJIAN, PROVINCE, World, total_by_hand


@pytest.fixture
def checked(world: World) -> World:
    """A world whose projector wrote its checkpoint."""
    world.take(made_up(13, facts=150))
    told = world.progress.snapshot()
    moments = {record.node: record.received_at for record in map(record_in, world.entries)}
    complete = {(n, n): Complete(p, moments[n]) for n, p in told.positions.items()}
    Checkpointer(world.writing).write(0.0, Extent(told.positions, complete), Holes())
    return world


def follower(world: World, progress: Progress) -> Follower:
    """One that reports what the world's warehouse says."""
    return Follower(world.readers, progress, Metrics())


async def test_positions_and_moment_are_those_of_the_checkpoint(checked: World) -> None:
    """What the checkpoint names is certainly shown."""
    progress = Progress()

    await follower(checked, progress).look()

    told = progress.snapshot()
    assert told.positions == checked.progress.snapshot().positions
    assert told.watermark == checked.watermark


async def test_no_news_is_not_reported(checked: World) -> None:
    """Looking twice at the same checkpoint wakes nobody."""
    progress = Progress()
    following = follower(checked, progress)
    await following.look()
    await following.look()

    assert progress.snapshot().generation == 1


async def test_only_what_was_written_is_worth_a_look(checked: World) -> None:
    """A checkpoint that was written is noticed; where nothing was, nobody has to look."""
    following = follower(checked, Progress())
    before = [await following.is_due()]
    await following.look()
    before.append(await following.is_due())
    checked.writing.command(
        "INSERT INTO checkpoints (partition, node, offset, position, received_at, partitions)"
        " VALUES ('main', 'main', 999, 999, now64(6), 1)"
    )

    assert before == [True, False]
    assert await following.is_due()


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def node(name: str, received_s: float, heard_s: float) -> Node:
    """A node with moments counted from noon."""
    moments = (NOON + timedelta(seconds=s) for s in (received_s, heard_s))
    return Node(name, 1, *moments)


def test_the_slowest_live_node_says_the_moment() -> None:
    """Loads have a time of their own; they count where there is nothing live."""
    fast, slow, load = node("main", 9, 9), node("xiamen", 5, 9), node("load-a", -999, 9)

    assert watermark_of([fast, slow, load]) == NOON + timedelta(seconds=5)
    assert watermark_of([load]) == NOON - timedelta(seconds=999)
    assert watermark_of([]) == NEVER


def test_a_node_that_is_silent_is_left_out() -> None:
    """After 30 s without a word, while others are heard; its clock has no say in it."""
    heard, cut, late = node("main", 60, 61), node("xiamen", 20, 30.5), node("putian", 1, 60)
    ahead = node("sanming", 9999, 30.5)

    assert silent([heard, cut, late, ahead]) == {"xiamen", "sanming"}
    assert watermark_of([heard, cut, late, ahead]) == NOON + timedelta(seconds=1)


def test_when_all_stand_still_nobody_is_left_out() -> None:
    """The projectors rest: the moment waits for them."""
    nodes = [node("main", 60, 61), node("xiamen", 20, 61.5)]

    assert silent(nodes) == frozenset()


async def test_silence_is_told(checked: World) -> None:
    """A metric counts the nodes that are left out."""
    metrics = Metrics()
    checked.writing.command(
        "INSERT INTO checkpoints (partition, node, offset, position, received_at, partitions,"
        " written_at) VALUES ('cut', 'cut', 1, 1, now64(6), 1, now64(6) - INTERVAL 31 SECOND)"
    )
    await Follower(checked.readers, Progress(), metrics).look()

    assert metrics.registry.get_sample_value("yiping_silent_nodes") == 1


async def test_the_dashboard_runs_without_the_projector(checked: World, tmp_path: Path) -> None:
    """The application of ``yiping dashboard`` answers from what stands in the views."""
    dashboard = Dashboard(
        from_environment(tmp_path, {"YIPING_WAREHOUSE": checked.dsn}),
        organisations=FUJIAN,
        issuer=(issuer := Issuer(b"k" * 32)),
        progress=Progress(),
        metrics=Metrics(),
    )
    app: FastAPI = application(dashboard)

    async with app.router.lifespan_context(app):
        await until(lambda: dashboard.is_ready)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://inside"
        ) as client:
            answer = await client.get(
                f"/v1/orgs/{PROVINCE}",
                headers={"Authorization": f"Bearer {issuer.issue(PROVINCE, 'wall')}"},
            )

    expected = total_by_hand(checked.entries, "case", PROVINCE, checked.watermark)
    assert answer.json()["counts"]["case"]["total"] == expected > 0
