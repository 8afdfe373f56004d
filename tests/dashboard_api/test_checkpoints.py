"""A dashboard in a process of its own learns from the warehouse how far the views are."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.backbone.identity import Issuer
from services.backbone.progress import Progress
from services.backbone.settings import from_environment
from services.backbone.telemetry import Metrics
from services.dashboard_api import Dashboard, application
from services.dashboard_api.checkpoints import look
from services.projector import checkpoints
from tests.dashboard_api.histories import made_up
from tests.dashboard_api.site import until
from tests.dashboard_api.world import FUJIAN, PROVINCE, World, total_by_hand


@pytest.fixture
def checked(world: World) -> World:
    """A world whose projector wrote its checkpoint."""
    world.take(made_up(13, facts=150))
    writer = checkpoints.Checkpointer(world.writing)
    writer.reached(world.progress.snapshot().positions)
    writer.write(0.0)
    return world


async def test_positions_and_moment_are_those_of_the_checkpoint(checked: World) -> None:
    """What the checkpoint names is certainly shown."""
    progress = Progress()

    await look(checked.readers, progress)

    told = progress.snapshot()
    assert told.positions == checked.progress.snapshot().positions
    assert told.watermark == checked.watermark


async def test_no_news_is_not_reported(checked: World) -> None:
    """Looking twice at the same checkpoint wakes nobody."""
    progress = Progress()
    await look(checked.readers, progress)
    await look(checked.readers, progress)

    assert progress.snapshot().generation == 1


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
