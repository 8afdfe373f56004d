"""The story of a case as a supervisor of the province is told it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings

from services.backbone.identity import Identity
from tests.dashboard_api.histories import NOON
from tests.dashboard_api.world import PROVINCE, World

EXAMPLES = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

SUPERVISOR = Identity(PROVINCE, "supervisor", "t1")


async def story(world: World, axis: Any, minutes: float = 1000, **more: Any) -> dict[str, Any]:
    """That of a case, up to some minutes after noon."""
    found = await world.timelines.timeline(
        more.get("identity", SUPERVISOR),
        more.get("case_no", "A1"),
        axis=axis,
        as_of=min(NOON + timedelta(minutes=minutes), world.watermark),
        known=world.watermark,
    )
    assert found is not None
    return found


def spans(found: dict[str, Any], id_: str) -> list[tuple[str, float, float | None]]:
    """(status, from, to) of a thing in minutes after noon."""
    (thing,) = (one for one in found["things"] if one["id"] == id_)
    return [
        (
            span["status"],
            (span["from"] - NOON).total_seconds() / 60,
            span["to"] and (span["to"] - NOON).total_seconds() / 60,
        )
        for span in thing["spans"]
    ]
